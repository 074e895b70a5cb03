"""An owner of the tables who is no superuser, as managed servers have it."""

import secrets
from collections.abc import AsyncIterator

import pytest

from retrieval.ann.maintenance import MAY_INDEX
from retrieval.database.connection import open_connection
from retrieval.database.migrations import migrate
from retrieval.database.pool import connect
from retrieval.database.roles import APP, BACKGROUND
from retrieval.errors import MigrationFailed
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from testbed.postgres import Server, as_user, drop_database
from tests.integration.test_migrations import SHIPPED, execute
from tests.support.builders import message


@pytest.fixture
async def owner_url(postgres: Server) -> AsyncIterator[str]:
    """Of a new database; its owner may make no roles."""
    name = f"longroom_test_{secrets.token_hex(6)}"
    await execute(postgres.url, f"create role {name} login password 'owner'")
    await execute(postgres.url, f'create database "{name}" owner {name} template template0')
    await execute(postgres.database_url(name), "create extension vector schema public")
    yield as_user(postgres.database_url(name), f"{name}:owner")
    await drop_database(postgres.url, name)
    await execute(postgres.url, f"drop role {name}")


async def test_who_may_make_no_roles_is_told_what_an_administrator_runs(
    postgres: Server, owner_url: str
) -> None:
    with pytest.raises(MigrationFailed) as refused:
        await migrate(owner_url)
    (advice,) = str(refused.value).splitlines()
    *_, create_app, create_background, grant = advice.split(": ")[-1].split("; ")
    assert create_app == f"create role {APP} nologin"
    assert create_background == f"create role {BACKGROUND} nologin"

    await execute(postgres.url, grant)  # the roles are there already, of other tests
    assert await migrate(owner_url) == SHIPPED[SHIPPED.index("0015_row_level_security") :]


async def test_an_owner_without_a_superusers_rights_keeps_working(
    postgres: Server, owner_url: str
) -> None:
    name = owner_url.split("//")[1].split(":")[0]
    await execute(postgres.url, f"grant {APP}, {BACKGROUND} to {name}")
    await migrate(owner_url)
    app = await connect(owner_url, role=APP)
    room, _ = await create_room(app.of_names(room="den"), name="den")
    await append_messages(app.of(room), conversation_id=room, messages=[message(1)])
    assert await app.fetchval("select count(*) from message") == 0
    assert not await app.fetchval(MAY_INDEX)
    await app.close()

    owner = await open_connection(owner_url)
    try:
        assert await owner.fetchval("select count(*) from message") == 1
        assert await owner.execute("update message set word_count = word_count + 1") == "UPDATE 1"
        assert await owner.fetchval(MAY_INDEX)
        await owner.execute("delete from conversation")
        assert await owner.fetchval("select count(*) from message") == 0
    finally:
        await owner.close()
