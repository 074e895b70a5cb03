"""Migrating a database, and refusing an unfit one."""

import asyncio
import os
import secrets
import shutil
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from retrieval.database.connection import open_connection
from retrieval.database.migrations import migrate
from retrieval.database.pool import connect
from retrieval.errors import (
    DatabaseUnfit,
    DatabaseUnreachable,
    ExtensionMissing,
    MigrationFailed,
    SchemaMismatch,
)
from testbed.postgres import Server, as_user, drop_database

ROOT = Path(__file__).parents[2]
SHIPPED = [file.stem for file in sorted((ROOT / "migrations").glob("*.sql"))]


@pytest.fixture
async def empty_url(postgres: Server) -> AsyncIterator[str]:
    """Without migrations."""
    name = f"longroom_test_{secrets.token_hex(6)}"
    await execute(postgres.url, f'create database "{name}" template template0')
    yield postgres.database_url(name)
    await drop_database(postgres.url, name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two migrations: a table, and a row in it."""
    write(tmp_path, "0001_make_table.sql", "create table thing (id int);")
    write(tmp_path, "0002_fill_table.sql", "-- why\ninsert into thing values (1);")
    return tmp_path


def write(folder: Path, name: str, sql: str) -> None:
    (folder / name).write_text(sql)


async def execute(url: str, statement: str) -> None:
    connection = await open_connection(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def value(url: str, query: str) -> object:
    connection = await open_connection(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_migrating_twice_applies_everything_once(empty_url: str) -> None:
    assert await migrate(empty_url) == SHIPPED
    assert await migrate(empty_url) == []
    pool = await connect(empty_url)
    await pool.close()


async def test_migrating_from_many_places_at_once_applies_everything_once(
    empty_url: str, folder: Path
) -> None:
    write(folder, "0003_slow.sql", "select pg_sleep(0.2); insert into thing values (2);")
    applied = await asyncio.gather(*(migrate(empty_url, folder=folder) for _ in range(5)))
    assert sorted(map(len, applied)) == [0, 0, 0, 0, 3]
    assert await value(empty_url, "select count(*) from thing") == 2


async def test_two_processes_migrate_at_once(empty_url: str) -> None:
    environment = os.environ | {"DATABASE_URL": empty_url}
    command = [sys.executable, "-m", "retrieval.database.migrations"]
    started = [
        await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    said = [(await process.communicate())[0].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0]
    assert sorted(said) == ["", "".join(f"applied {name}\n" for name in SHIPPED)]


async def test_migrating_an_unreachable_database_says_so_and_fails() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "retrieval.database.migrations"),
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"},
        stderr=subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert said.decode().startswith("cannot connect to the database: ")
    assert said.count(b"\n") == 1


async def test_messages_of_an_older_schema_get_empty_metadata_and_new_roles(
    empty_url: str, tmp_path: Path
) -> None:
    for file in sorted((ROOT / "migrations").glob("*.sql"))[:6]:
        shutil.copy(file, tmp_path)
    await migrate(empty_url, folder=tmp_path)
    await execute(empty_url, "insert into conversation values (gen_random_uuid(), 'old')")
    add = """
        insert into message (conversation_id, seq, message_id, role, participant, content,
                             created_at, word_count)
        select conversation_id, {seq}, 'm{seq}', '{role}', 'ana', 'hello', now(), 1
          from conversation
    """
    await execute(empty_url, add.format(seq=1, role="user"))
    with pytest.raises(asyncpg.CheckViolationError):
        await execute(empty_url, add.format(seq=2, role="tool"))

    await migrate(empty_url)

    await execute(empty_url, add.format(seq=2, role="tool"))
    with pytest.raises(asyncpg.CheckViolationError):
        await execute(empty_url, add.format(seq=3, role="boss"))
    assert await value(empty_url, "select string_agg(metadata::text, '') from message") == "{}{}"


async def test_changed_migration_is_refused(empty_url: str, folder: Path) -> None:
    await migrate(empty_url, folder=folder)
    write(folder, "0002_fill_table.sql", "insert into thing values (2);")
    write(folder, "0003_more.sql", "insert into thing values (3);")
    with pytest.raises(SchemaMismatch, match="0002_fill_table was changed"):
        await migrate(empty_url, folder=folder)
    assert await value(empty_url, "select count(*) from thing") == 1


async def test_newer_database_is_refused(empty_url: str, folder: Path) -> None:
    write(folder, "0003_from_the_future.sql", "select 1;")
    await migrate(empty_url, folder=folder)
    (folder / "0003_from_the_future.sql").unlink()
    with pytest.raises(SchemaMismatch, match="0003_from_the_future, which this program"):
        await migrate(empty_url, folder=folder)


async def test_failing_migration_leaves_nothing_of_itself_and_keeps_those_before(
    empty_url: str, folder: Path
) -> None:
    write(folder, "0003_fails.sql", "insert into thing values (3); select 1/0;")
    with pytest.raises(MigrationFailed, match="0003_fails failed: division by zero"):
        await migrate(empty_url, folder=folder)
    assert await value(empty_url, "select count(*) from thing") == 1
    write(folder, "0003_fails.sql", "insert into thing values (3);")
    assert await migrate(empty_url, folder=folder) == ["0003_fails"]


async def test_file_without_transaction_may_build_an_index_concurrently(
    empty_url: str, folder: Path
) -> None:
    statement = "create index concurrently if not exists thing_id on thing (id);"
    write(folder, "0003_index.sql", statement)
    with pytest.raises(MigrationFailed, match="cannot run inside a transaction block"):
        await migrate(empty_url, folder=folder)
    write(folder, "0003_index.sql", f"-- no-transaction\n{statement}\nanalyze thing;")
    assert await migrate(empty_url, folder=folder) == ["0003_index"]


async def test_badly_named_file_is_refused(empty_url: str, folder: Path) -> None:
    write(folder, "add-column.sql", "select 1;")
    with pytest.raises(SchemaMismatch, match=r"add-column\.sql"):
        await migrate(empty_url, folder=folder)


async def test_database_without_migrations_is_refused(database_url: str) -> None:
    await execute(database_url, "delete from schema_migrations where version > 1")
    with pytest.raises(SchemaMismatch, match=f"{SHIPPED[1]}.*longroom migrate"):
        await connect(database_url)


async def test_database_without_pgvector_is_refused(empty_url: str) -> None:
    with pytest.raises(ExtensionMissing, match="has no pgvector; run"):
        await connect(empty_url)


async def test_old_pgvector_is_refused(database_url: str) -> None:
    await execute(
        database_url, "update pg_extension set extversion = '0.7.4' where extname = 'vector'"
    )
    with pytest.raises(ExtensionMissing, match=r"0\.7\.4, 0\.8\.5 or newer"):
        await connect(database_url)


async def test_server_without_pgvector_is_refused(postgres: Server, empty_url: str) -> None:
    if "PostgreSQL 18" not in postgres.versions:
        pytest.skip("only PostgreSQL 18 lets a database look for extensions elsewhere")
    name = urlsplit(empty_url).path.removeprefix("/")
    await execute(postgres.url, f"alter database {name} set extension_control_path = '/nowhere'")
    with pytest.raises(ExtensionMissing, match="server has no pgvector"):
        await migrate(empty_url)


async def test_user_without_rights_is_told_to_be_the_owner(
    postgres: Server, empty_url: str
) -> None:
    guest = f"longroom_test_{secrets.token_hex(6)}"
    await execute(postgres.url, f"create role {guest} login password 'guest'")
    try:
        with pytest.raises(
            DatabaseUnfit,
            match="set DATABASE_OWNER_URL to an address with the user who owns the tables",
        ):
            await migrate(as_user(empty_url, f"{guest}:guest"))
    finally:
        await execute(postgres.url, f"drop role {guest}")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", "refused|Connect call failed"),
        ("postgresql://nobody@/none?host=/nowhere", "No such file"),
        ("mysql://nobody@127.0.0.1/none", "DATABASE_URL is not usable.*mysql"),
        ("127.0.0.1", "DATABASE_URL is not usable"),
        ("postgresql://nobody@127.0.0.1:many/none", "DATABASE_URL is not usable"),
    ],
)
async def test_unreachable_database_is_one_clear_error(url: str, reason: str) -> None:
    with pytest.raises(DatabaseUnreachable, match=reason):
        await connect(url)


async def test_absent_database_is_one_clear_error(postgres: Server) -> None:
    with pytest.raises(DatabaseUnreachable, match='"absent" does not exist'):
        await connect(postgres.database_url("absent"))


def test_built_wheel_carries_the_migrations(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    found = subprocess.run(
        [sys.executable, "-c", LIST_SHIPPED],
        cwd=tmp_path / "installed",
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.split() == SHIPPED


LIST_SHIPPED = """
import sys
sys.path.insert(0, "")
from retrieval.database import migration_files
assert ".whl" not in migration_files.__file__ and "installed" in migration_files.__file__
print(*(migration.name for migration in migration_files.shipped()))
"""


async def test_stranger_is_one_clear_error(postgres: Server) -> None:
    with pytest.raises(DatabaseUnreachable, match="longroom_test_stranger"):
        await connect(as_user(postgres.url, "longroom_test_stranger:guess"))


async def test_open_pool_works_in_sessions_without_jit(db: asyncpg.Pool) -> None:
    assert await db.fetchval("show jit") == "off"
    assert await db.fetchval("show plan_cache_mode") == "force_custom_plan"
