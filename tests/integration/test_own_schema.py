"""The schema `longroom`: beside another program's tables, and for installations older than it."""

import asyncpg
import pytest

from retrieval.database.connection import open_connection
from retrieval.database.migration_files import shipped
from retrieval.database.migrations import migrate
from retrieval.database.pool import connect
from retrieval.database.roles import APP
from retrieval.database.schema import FORMER_TABLES
from retrieval.database.sql_script import statements
from retrieval.errors import ExtensionMissing, SchemaMismatch
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages, recent_messages
from tests.integration.test_migrations import SHIPPED, empty_url, execute
from tests.support.builders import message

__all__ = ["empty_url"]

FORMER = 14
"""The last migration whose tables stood in public."""

# As Rails makes them, and a program with the most common names of tables.
OTHERS = """
create table schema_migrations (version varchar not null primary key);
insert into schema_migrations values ('20260101120000');
create table message (id bigserial primary key, body text, created_at timestamptz, seq int);
create index message_by_time on message (created_at, seq);
create table session (id text primary key, data bytea);
create index event_by_time on session (id);
create table room (id int);
create table vocabulary (word text);
create function wall(text, text) returns int language sql as 'select 1 / 0';
insert into message (body) values ('theirs');
"""

THEIRS = """
select string_agg(relname || ' ' || relkind::text || ' ' || pg_relation_filenode(oid), ', '
                  order by relname)
  from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i', 'S')
"""

IN_SCHEMA = """
select array_agg(relname::text order by relname)
  from pg_class where relnamespace = $1::text::regnamespace and relkind in ('r', 'p')
"""


@pytest.fixture
async def former_url(empty_url: str) -> str:
    """An installation of before, with a message."""
    await install_former(empty_url)
    return empty_url


async def install_former(url: str, *, schema: str = "public", up_to: int = FORMER) -> None:
    connection = await asyncpg.connect(url, server_settings={"search_path": f"{schema}, public"})
    try:
        await connection.execute(
            "create extension if not exists vector schema public;"
            " create table schema_migrations (version integer primary key, name text not null,"
            " sha256 text not null, applied_at timestamptz not null default now())"
        )
        for one in shipped():
            if one.version > up_to:
                break
            for statement in statements(one.sql):
                await connection.execute(statement)
            await connection.execute(
                "insert into schema_migrations values ($1, $2, $3)",
                one.version,
                one.name,
                one.sha256,
            )
        await connection.execute(
            "insert into conversation (conversation_id, room)"
            " values ('00000000-0000-0000-0000-000000000001', 'den');"
            "insert into room values ('den', '00000000-0000-0000-0000-000000000001')"
        )
    finally:
        await connection.close()


async def tables_in(url: str, schema: str) -> list[str]:
    connection = await open_connection(url)
    try:
        found: list[str] | None = await connection.fetchval(IN_SCHEMA, schema)
    finally:
        await connection.close()
    return found or []


async def test_another_programs_tables_are_left_as_they_are(empty_url: str) -> None:
    plain = await asyncpg.connect(empty_url)
    await plain.execute(OTHERS)
    theirs = await plain.fetchval(THEIRS)

    assert await migrate(empty_url) == SHIPPED
    assert await plain.fetchval(THEIRS) == theirs
    assert await plain.fetchval("select body from message") == "theirs"
    former = {name for names in FORMER_TABLES.values() for name in names}
    assert former <= {*await tables_in(empty_url, "longroom")}
    assert await migrate(empty_url) == []
    pool = await connect(empty_url, role=APP)
    room, _ = await create_room(pool.of_names(room="den"), name="den")
    await append_messages(pool.of(room), conversation_id=room, messages=[message(1)])
    await pool.close()
    assert await plain.fetchval("select count(*) from message") == 1
    await plain.close()


@pytest.mark.parametrize("schema", ["public", "chat history"])
async def test_an_old_installation_is_moved_with_its_data(empty_url: str, schema: str) -> None:
    if schema != "public":
        await execute(empty_url, f'create schema "{schema}"')
    await install_former(empty_url, schema=f'"{schema}"')
    assert await migrate(empty_url) == SHIPPED[FORMER:]

    assert await tables_in(empty_url, f'"{schema}"') == []
    pool = await connect(empty_url, role=APP)
    den = pool.of_names(room="den")
    room, created = await create_room(den, name="den")
    assert not created
    await append_messages(pool.of(room), conversation_id=room, messages=[message(1)])
    assert (await recent_messages(pool.of(room), conversation_id=room, limit=9)).message_count == 1
    await pool.close()


async def test_of_an_older_one_only_its_own_tables_are_moved(empty_url: str) -> None:
    """What a later migration makes may be another program's there."""
    await install_former(empty_url, up_to=5)
    plain = await asyncpg.connect(empty_url)
    await plain.execute("create table vocabulary (word text); create table api_key (id int)")
    assert await migrate(empty_url) == SHIPPED[5:]
    assert await tables_in(empty_url, "public") == ["api_key", "vocabulary"]
    assert await plain.fetchval("select count(*) from vocabulary") == 0
    await plain.close()


async def test_a_move_that_fails_leaves_everything_where_it_was(former_url: str) -> None:
    before = await tables_in(former_url, "public")
    await execute(former_url, "create schema longroom; create table longroom.session (a int)")
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate(former_url)
    assert await tables_in(former_url, "public") == before
    await execute(former_url, "drop table longroom.session")
    assert await migrate(former_url) == SHIPPED[FORMER:]


async def test_two_old_installations_in_one_database_are_refused(former_url: str) -> None:
    await execute(former_url, "create schema staging")
    await install_former(former_url, schema="staging")
    with pytest.raises(SchemaMismatch, match="schemas public, staging"):
        await migrate(former_url)


async def test_an_installation_that_was_not_moved_is_told_to_migrate(former_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="run `longroom migrate`"):
        await connect(former_url, role=APP)


@pytest.mark.parametrize(("schema", "found"), [("extensions", True), ("vectors", False)])
async def test_pgvector_is_found_where_providers_have_it(
    empty_url: str, schema: str, *, found: bool
) -> None:
    await execute(empty_url, f"create schema {schema}; create extension vector schema {schema}")
    if not found:
        with pytest.raises(ExtensionMissing, match="alter extension vector set schema public"):
            await migrate(empty_url)
        return
    await migrate(empty_url)
    pool = await connect(empty_url, role=APP)
    assert await pool.fetchval("select '[1]'::halfvec <#> '[1]'::halfvec") == -1
    await pool.close()
