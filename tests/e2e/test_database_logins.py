"""Each role with a login of its own: in the embedded database, and where passwords are asked."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest

from longroom.database import embedded_database
from longroom.embedded_postgres.os_user import postgres_user
from longroom.embedded_postgres.server import EmbeddedPostgres
from retrieval.ann.maintenance import MAY_INDEX
from retrieval.database.connection import open_connection
from retrieval.database.logins import powers
from retrieval.database.roles import APP, BACKGROUND
from retrieval.errors import DatabaseUnreachable
from testbed.backend_process import BackendProcess
from testbed.postgres import as_user
from tests.support.command_line import CommandLine
from tests.support.wire_examples import message

HBA = "local all postgres trust\nlocal all all scram-sha-256\n"
PASSWORDS = {"DATABASE_APP_PASSWORD": "a'p$p \\", "DATABASE_BACKGROUND_PASSWORD": "b#{1}"}
WARNING = "could pass the wall"
EMBEDDED = "select count(*) from message_embedding"


async def test_the_embedded_database_gives_each_kind_of_work_its_own_login(data_dir: Path) -> None:
    async with embedded_database(data_dir) as logins:
        assert len({logins.requests, logins.background, logins.owner}) == 3
        app, background, owner = [
            await open_connection(url) for url in (logins.requests, logins.background, logins.owner)
        ]
        try:
            assert await app.fetchval("select session_user") == APP
            assert await background.fetchval("select session_user") == BACKGROUND
            assert await powers(app) == []
            for stronger in (BACKGROUND, "postgres"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await app.execute(f"set role {stronger}")
            assert await owner.fetchval(MAY_INDEX)
            assert not await background.fetchval(MAY_INDEX)
        finally:
            for connection in (app, background, owner):
                await connection.close()


@dataclass(frozen=True)
class Guarded:
    """A server that asks all but its superuser for a password; `env` has three addresses."""

    owner: str
    env: dict[str, str]


@pytest.fixture
def guarded(data_dir: Path) -> Iterator[Guarded]:
    hba = data_dir / "pg_hba.conf"
    hba.write_text(HBA)
    postgres_user().own(hba)
    server = EmbeddedPostgres(data_dir, settings={"hba_file": str(hba), "fsync": "off"})
    url = server.start()
    quoted = {APP: "a%27p%24p%20%5C", BACKGROUND: "b%23%7B1%7D"}
    try:
        yield Guarded(
            owner=url,
            env={
                "DATABASE_URL": as_user(url, f"{APP}:{quoted[APP]}"),
                "DATABASE_BACKGROUND_URL": as_user(url, f"{BACKGROUND}:{quoted[BACKGROUND]}"),
            },
        )
    finally:
        server.stop()


async def test_a_backend_with_a_login_for_each_role_does_everything(
    guarded: Guarded, tmp_path: Path
) -> None:
    owner = {"DATABASE_OWNER_URL": guarded.owner}
    command = CommandLine(tmp_path, guarded.env | owner | PASSWORDS)
    assert command.run("migrate").returncode == 0
    assert command.run("keys", "create", "admin", "--scope", "admin").returncode == 0
    doctor = command.run("doctor")
    assert "requests log in as one that sees a conversation at a time" in doctor.stdout

    with BackendProcess(guarded.env | {"BACKEND_VACUUM_AFTER_ERASURE_S": "0.1"}) as backend:
        async with httpx.AsyncClient(base_url=f"{backend.url()}/api/v1", timeout=30) as api:
            room = (await api.post("/rooms", json={"name": "den"})).json()
            at = f"/conversations/{room['conversation_id']}"
            sent = await api.post(f"{at}/messages", json={"messages": [message(id="m1")]})
            assert sent.status_code == 200, sent.text
            await _until_embedded(guarded)
            found = (await api.post(f"{at}/search", json={"query": message()["content"]})).json()
            assert [hit["message"]["id"] for hit in found["hits"]] == ["m1"]
            assert (await api.get("/readyz")).status_code == 200
            assert (await api.get("/metrics")).status_code == 200
            assert (await api.delete(f"{at}/messages/m1")).status_code == 200
            assert (await api.delete(at)).status_code == 200
        async with asyncio.timeout(30):
            while "vacuumed after erasures" not in backend.log():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        assert WARNING not in backend.log()
        assert "permission denied" not in backend.log()


async def _until_embedded(guarded: Guarded) -> None:
    connection = await open_connection(guarded.env["DATABASE_BACKGROUND_URL"])
    try:
        await connection.execute(f"set role {BACKGROUND}")
        async with asyncio.timeout(60):
            while not await connection.fetchval(EMBEDDED):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def test_before_the_migration_and_with_a_wrong_password_nobody_logs_in(
    guarded: Guarded, tmp_path: Path
) -> None:
    with pytest.raises(DatabaseUnreachable):
        await open_connection(guarded.env["DATABASE_URL"])
    owner = {"DATABASE_OWNER_URL": guarded.owner}
    assert CommandLine(tmp_path, guarded.env | owner | PASSWORDS).run("migrate").returncode == 0
    await (await open_connection(guarded.env["DATABASE_URL"])).close()
    with pytest.raises(DatabaseUnreachable):
        await open_connection(as_user(guarded.owner, f"{APP}:b%23%7B1%7D"))


def test_a_login_that_could_pass_the_wall_is_told_of(database_url: str, tmp_path: Path) -> None:
    with BackendProcess({"DATABASE_URL": database_url}) as backend:
        backend.url()
        assert backend.log().count(WARNING) == 1
        assert "it is a superuser" in backend.log()
    doctor = CommandLine(tmp_path, {"DATABASE_URL": database_url}).run("doctor")
    assert "the login of requests is a superuser" in doctor.stdout
