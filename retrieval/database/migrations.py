"""Schema migrations: plain SQL files, in order, forward only."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from retrieval.database.connection import open_connection
from retrieval.database.logins import let_log_in
from retrieval.database.migration_files import Migration, shipped
from retrieval.database.refusals import explained
from retrieval.database.roles import APP
from retrieval.database.schema import in_own_schema, prepare_schema
from retrieval.database.sql_script import statements
from retrieval.errors import DatabaseUnfit, ExtensionMissing, MigrationFailed, SchemaMismatch
from retrieval.settings import DatabaseSettings

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

NO_TRANSACTION = "-- no-transaction"
LOCK_KEY = 4_919_077_531_203  # arbitrary; used by no other advisory lock
POLL_LOCK_S = 0.1


CREATE_RECORD = """
create table if not exists longroom.schema_migrations (
    version    integer primary key,
    name       text not null,
    sha256     text not null,
    applied_at timestamptz not null default now()
)
"""


async def migrate(url: str, *, folder: Path | None = None) -> list[str]:
    """Apply missing migrations and return their names; safe to run concurrently.

    Tables of an old installation, which stand in another schema, are moved to ours first.
    Each file shares a transaction with its record: a failure leaves earlier files applied. One that
    starts with `-- no-transaction` may be left half applied and must be idempotent.
    Raises DatabaseUnfit.
    """
    connection = await open_connection(url)
    try:
        await _lock(connection)
        await _check_available(connection)
        await prepare_schema(connection)
        await connection.execute(CREATE_RECORD)
        missing = await pending(connection, folder=folder)
        for migration in missing:
            await _apply(connection, migration)
        return [migration.name for migration in missing]
    except asyncpg.InsufficientPrivilegeError as error:
        raise await explained(connection, error) from error
    finally:
        await connection.close()


APPLIED = """
select version, name, sha256 from longroom.schema_migrations order by version
"""


async def pending(connection: "Connection", *, folder: Path | None = None) -> list[Migration]:
    """In order. Raises SchemaMismatch if an applied migration was changed or is unknown, and
    RoleRefused for a login that may not read which ones are applied.
    """
    try:
        applied = await connection.fetch(APPLIED)
    except asyncpg.UndefinedTableError:
        applied = []
    except asyncpg.InsufficientPrivilegeError as error:
        raise await explained(connection, error, grant=APP) from error
    ours = {migration.version: migration for migration in shipped(folder)}
    for row in applied:
        known = ours.pop(row["version"], None)
        if known is None:
            raise SchemaMismatch(
                f"the database has migration {row['name']}, which this program does not know:"
                " the database is newer; upgrade the program"
            )
        if known.sha256 != row["sha256"]:
            raise SchemaMismatch(
                f"migration {known.name} was changed after it was applied to this database;"
                " restore the file and put the change into a new one"
            )
    return list(ours.values())


LOCK = """
select pg_try_advisory_lock($1)
"""


async def _lock(connection: "Connection") -> None:
    # Not pg_advisory_lock: an index that is created concurrently waits for a waiting statement.
    while not await connection.fetchval(LOCK, LOCK_KEY):  # noqa: ASYNC110  # PostgreSQL is polled
        await asyncio.sleep(POLL_LOCK_S)


AVAILABLE = """
select exists (select from pg_available_extensions where name = 'vector')
"""


async def _check_available(connection: "Connection") -> None:
    if not await connection.fetchval(AVAILABLE):
        raise ExtensionMissing(
            "this PostgreSQL server has no pgvector; install it there"
            " (Debian: postgresql-17-pgvector, container: pgvector/pgvector:pg17)"
        )


RECORD = """
insert into longroom.schema_migrations (version, name, sha256) values ($1, $2, $3)
"""


async def _apply(connection: "Connection", migration: Migration) -> None:
    try:
        if migration.sql.startswith(NO_TRANSACTION):
            await _execute(connection, migration)
        else:
            async with connection.transaction():
                await _execute(connection, migration)
    except asyncpg.InsufficientPrivilegeError:
        raise
    except asyncpg.PostgresError as error:
        raise MigrationFailed(f"migration {migration.name} failed: {error}") from error


async def _execute(connection: "Connection", migration: Migration) -> None:
    # One by one: a multi-statement query is an implicit transaction, which Citus partly refuses.
    for statement in statements(migration.sql):
        await connection.execute(in_own_schema(statement))
    await connection.execute(RECORD, migration.version, migration.name, migration.sha256)


def main() -> int:
    try:
        settings = DatabaseSettings()
        owner = settings.logins(instead="longroom migrate").owner
        applied = asyncio.run(migrate(owner))
        asyncio.run(let_log_in(owner, settings.passwords()))
    except DatabaseUnfit as error:
        sys.stderr.write(f"{error}\n")
        return 1
    for name in applied:
        sys.stdout.write(f"applied {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
