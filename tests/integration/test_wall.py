"""What the requests' login of the database can do with SQL of its own, whatever the programs send.

Tables are read from the catalogue: one that a later migration adds is tested, too.
"""

# ruff: noqa: S608  # names of tables, out of the catalogue

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest

from retrieval.database.connection import SESSION_SETTINGS
from retrieval.database.live_pool import LivePool
from retrieval.database.pool import connect
from retrieval.database.roles import APP, BACKGROUND
from retrieval.database.scope import Scope

A, B = UUID(int=0xA), UUID(int=0xB)
NO_CONVERSATION_IN_THEM = {
    "schema_migrations",
    "embedding_model",
    "agent_worker",
    "agent_watch",
    "api_key",
    "erased_everywhere",
    "page_session",
    "invitation",
}
"""A table that is missing here must have a conversation_id, and so policies."""

TABLES = """
select relname
  from pg_class
 where relnamespace = 'longroom'::regnamespace and relkind in ('r', 'p')
   and exists (select from pg_attribute
                where attrelid = pg_class.oid and attname = 'conversation_id' and not attisdropped)
       = $1
 order by relname
"""

# What no default fills, with a value of its type; no checks, and no references, hinder one row.
ROW = """
select format('insert into %I (%s) values (%s)', $1::text,
              string_agg(quote_ident(attname), ', '),
              string_agg(case when attname = 'conversation_id' then quote_literal($2::uuid)
                              when typname = 'uuid' then 'gen_random_uuid()'
                              when typname = 'text' then quote_literal($2::uuid || ' ' || attname)
                              when typname in ('int2', 'int4', 'int8') then '7'
                              when typname = 'bool' then 'true'
                              when typname = 'timestamptz' then 'now()'
                              when typname = 'jsonb' then quote_literal('{}')
                              when typname = '_text' then quote_literal('{}')
                              when typname = 'halfvec' then quote_literal('[1,2]')
                              when typname in ('bit', 'varbit') then quote_literal('101')
                              when typname = 'bytea' then quote_literal('\\x00')
                         end, ', '))
  from pg_attribute
  join pg_type on pg_type.oid = atttypid
 where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated = ''
   and attnotnull and not atthasdef
"""

CHECKS = """
select format('alter table %s drop constraint %I', conrelid::regclass, conname)
  from pg_constraint
 where contype = 'c' and connamespace = 'longroom'::regnamespace
"""


@dataclass(frozen=True)
class Tables:
    """Of conversations; each has one row of A and one of B."""

    names: list[str]
    owner: LivePool

    async def of(self, table: str, conversation_id: UUID) -> list[str]:
        rows = await self.owner.fetch(
            f"select t::text from {table} t where conversation_id = $1", conversation_id
        )
        return [row[0] for row in rows]


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[LivePool]:
    pool = await connect(database_url, pool_size=2)
    yield pool
    pool.terminate()


@pytest.fixture
async def tables(owner: LivePool) -> Tables:
    names = [row["relname"] for row in await owner.fetch(TABLES, True)]
    for row in await owner.fetch(CHECKS):
        await owner.execute(row[0])
    async with owner.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")
        for table in names:
            for conversation_id in (A, B):
                insert = await connection.fetchval(ROW, table, conversation_id)
                await connection.execute(insert)
    return Tables(names, owner)


@pytest.fixture
async def app(login: str) -> AsyncIterator[asyncpg.Connection]:
    """As an attacker has it: no pool of ours, and no role taken."""
    connection = await asyncpg.connect(login, server_settings=SESSION_SETTINGS)
    yield connection
    await connection.close()


async def see(app: asyncpg.Connection, conversation_id: UUID) -> None:
    for name, value in Scope(conversation_id).settings().items():
        await app.execute(f"set {name} = '{value}'")


async def test_all_tables_without_a_conversation_are_known(owner: LivePool) -> None:
    found = {row["relname"] for row in await owner.fetch(TABLES, False)}
    assert found == NO_CONVERSATION_IN_THEM


async def test_nothing_is_seen_without_a_conversation_and_only_its_own_with_one(
    tables: Tables, app: asyncpg.Connection
) -> None:
    assert len(tables.names) >= 16
    for table in tables.names:
        assert len(await tables.of(table, A)) == len(await tables.of(table, B)) == 1
        assert await app.fetchval(f"select count(*) from {table}") == 0, table
    await see(app, A)
    for table in tables.names:
        rows = await app.fetch(f"select conversation_id from {table}")
        assert [row[0] for row in rows] == [A], table
    await see(app, uuid4())
    for table in tables.names:
        assert await app.fetchval(f"select count(*) from {table}") == 0, table


@pytest.mark.parametrize("more_rights", [False, True])
async def test_of_another_conversation_nothing_is_written_changed_or_deleted(
    tables: Tables, app: asyncpg.Connection, *, more_rights: bool
) -> None:
    """Also if someone grants the role more than it needs: the policies hold by themselves."""
    if more_rights:
        await tables.owner.execute(
            f"grant select, insert, update, delete on all tables in schema longroom to {APP}"
        )
    await see(app, A)
    for table in tables.names:
        before = await tables.of(table, B)
        for conversation_id in (B, uuid4()):
            insert = await tables.owner.fetchval(ROW, table, conversation_id)
            for statement in (
                insert,
                f"{insert} on conflict do nothing",
                f"update {table} set conversation_id = '{conversation_id}'",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
                    await app.execute(statement)
                # The same whether the other exists or not.
                if more_rights:
                    assert "row-level security" in str(refused.value), statement
        for statement in (
            f"update {table} set conversation_id = '{A}' where conversation_id = '{B}'",
            f"delete from {table} where conversation_id = '{B}'",
        ):
            if more_rights:
                assert (await app.execute(statement)).endswith(" 0"), statement
            else:
                await _no_row_or_refused(app, statement)
        assert await tables.of(table, B) == before, table


async def _no_row_or_refused(app: asyncpg.Connection, statement: str) -> None:
    try:
        assert (await app.execute(statement)).endswith(" 0"), statement
    except asyncpg.InsufficientPrivilegeError:
        return


@pytest.mark.parametrize(("table", "name"), [("room", "name"), ("conversation_key", "key")])
async def test_names_of_rooms_and_keys_cannot_be_guessed_by_writing_them(
    tables: Tables, app: asyncpg.Connection, table: str, name: str
) -> None:
    """A taken name and a free one are refused alike, before they are looked up."""
    await see(app, A)
    for guess in (f"{B} {name}", "free"):
        for behind in ("", " on conflict do nothing"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                await app.execute(
                    f"insert into {table} ({name}, conversation_id) values ($1, $2){behind}",
                    guess,
                    A,
                )


async def test_a_room_and_a_key_are_found_by_the_name_that_is_set_and_no_other(
    tables: Tables, app: asyncpg.Connection
) -> None:
    await app.execute(f"set longroom.room = '{B} name'; set longroom.key = '{A} key'")
    for table, found in (("room", B), ("conversation_key", A), ("conversation", None)):
        rows = await app.fetch(f"select conversation_id from {table}")
        assert [row[0] for row in rows] == ([found] if found else []), table


async def test_the_wall_stands_on_all_tables_of_conversations(tables: Tables) -> None:
    for table in tables.names:
        secured = await tables.owner.fetchrow(
            "select relrowsecurity, relforcerowsecurity"
            "  from pg_class where oid = $1::text::regclass",
            table,
        )
        assert secured is not None
        assert tuple(secured) == (True, True), table
        policies = await tables.owner.fetch(
            "select roles::text from pg_policies where schemaname = 'longroom' and tablename = $1"
            " order by 1",
            table,
        )
        assert [row[0] for row in policies] == [f"{{{APP}}}", f"{{{BACKGROUND}}}"], table


@pytest.mark.parametrize("role", [APP, BACKGROUND])
async def test_the_roles_are_neither_superusers_nor_owners(owner: LivePool, role: str) -> None:
    attributes = await owner.fetchrow(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,"
        " exists (select from pg_class where relowner = pg_roles.oid),"
        " exists (select from pg_auth_members where member = pg_roles.oid)"
        "  from pg_roles where rolname = $1",
        role,
    )
    assert attributes is not None
    assert not any(attributes)


REFUSED = [
    f"set role {BACKGROUND}",
    f"set session authorization {BACKGROUND}",
    f"grant {BACKGROUND} to current_user",
    "set row_security = off; select * from message",
    "set session_replication_role = replica",
    "alter table message disable row level security",
    "alter table message no force row level security",
    "drop policy longroom_app on message",
    "create policy everything on message using (true)",
    f"alter role {APP} bypassrls",
    f"alter table message owner to {APP}",
    "alter table message add column other text",
    "create index on message (content)",
    "truncate message",
    "truncate message_term cascade",
    "drop table message",
    "create table longroom.other (a int)",
    "create trigger spy after insert on message"
    " execute function suppress_redundant_updates_trigger()",
    "create rule spy as on insert to message do also notify spy",
    "select * from api_key",
    "insert into schema_migrations values (99, 'x', 'x')",
    "update embedding_model set state = 'retired'",
    "delete from agent_worker",
    "select * from agent_watch",
    "select longroom.wall('message', 'select')",
    "select * from pg_statistic",
    "copy message to program 'cat'",
    "select pg_read_file('PG_VERSION')",
]


@pytest.mark.parametrize("statement", REFUSED)
async def test_the_wall_cannot_be_taken_down_from_inside(
    tables: Tables, app: asyncpg.Connection, statement: str
) -> None:
    await see(app, A)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(statement)


async def test_no_stronger_role_can_be_taken(tables: Tables, app: asyncpg.Connection) -> None:
    owner = await tables.owner.fetchval("select quote_ident(current_user)")
    for statement in (f"set role {owner}", f"set session authorization {owner}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)


async def test_estimates_and_statistics_tell_nothing_of_other_conversations(
    tables: Tables, app: asyncpg.Connection
) -> None:
    await tables.owner.execute("analyze")
    await see(app, A)
    for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
        shown = await app.fetchval(
            f"select count(*) from {view} where schemaname = 'longroom' and tablename = any($1)",
            tables.names,
        )
        assert shown == 0, view


async def test_a_cursor_or_a_prepared_statement_of_one_conversation_shows_no_other(
    tables: Tables, app: asyncpg.Connection
) -> None:
    await see(app, A)
    prepared = await app.prepare("select conversation_id from message")
    assert [row[0] for row in await prepared.fetch()] == [A]
    await see(app, B)
    assert [row[0] for row in await prepared.fetch()] == [B]
    await app.execute("set longroom.conversation = ''")
    assert await prepared.fetch() == []
