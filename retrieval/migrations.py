"""Brings a database's schema up to this program's: plain SQL files, in order, forward only."""

import asyncio
import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from retrieval.connection import open_connection
from retrieval.errors import ExtensionMissing, SchemaMismatch
from retrieval.settings import DatabaseSettings

if TYPE_CHECKING:
    from retrieval.connection import Connection

FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
NO_TRANSACTION = "-- no-transaction"
LOCK_KEY = 4_919_077_531_203  # any number that nobody else uses


@dataclass(frozen=True)
class Migration:
    """One file, and the hash that a database remembers it by."""

    version: int
    name: str
    sql: str
    sha256: str


def shipped(folder: Path | None = None) -> list[Migration]:
    """This program's migrations in order: from the checkout, or else from the installed wheel."""
    files = sorted((folder or _folder()).glob("*.sql"))
    return [_read(file) for file in files]


async def migrate(url: str, *, folder: Path | None = None) -> list[str]:
    """Apply what is missing and return its names; several processes may do so at once.

    Each file is applied in a transaction of its own together with its record, so a failure leaves
    the files before it applied. A file whose first line is `-- no-transaction` may use statements
    that refuse one; it must be written so that it can be run again. Raises DatabaseUnfit.
    """
    connection = await open_connection(url)
    try:
        await connection.execute("select pg_advisory_lock($1)", LOCK_KEY)
        await connection.execute(CREATE_RECORD)
        missing = await pending(connection, folder=folder)
        for migration in missing:
            await _apply(connection, migration)
        return [migration.name for migration in missing]
    finally:
        await connection.close()


CREATE_RECORD = """
create table if not exists schema_migrations (
    version    integer primary key,
    name       text not null,
    sha256     text not null,
    applied_at timestamptz not null default now()
)
"""

APPLIED = """
select version, name, sha256 from schema_migrations order by version
"""


async def pending(connection: "Connection", *, folder: Path | None = None) -> list[Migration]:
    """What this database lacks. Raises SchemaMismatch where its past is not this program's."""
    try:
        applied = await connection.fetch(APPLIED)
    except asyncpg.UndefinedTableError:
        applied = []
    ours = {migration.version: migration for migration in shipped(folder)}
    for row in applied:
        known = ours.pop(row["version"], None)
        if known is None:
            raise SchemaMismatch(
                f"the database has migration {row['name']}, which this program does not know:"
                " it is newer; upgrade the program"
            )
        if known.sha256 != row["sha256"]:
            raise SchemaMismatch(
                f"migration {known.name} was changed after it was applied here;"
                " restore the file and put the change into a new one"
            )
    return list(ours.values())


RECORD = """
insert into schema_migrations (version, name, sha256) values ($1, $2, $3)
"""


async def _apply(connection: "Connection", migration: Migration) -> None:
    record = (migration.version, migration.name, migration.sha256)
    try:
        if migration.sql.startswith(NO_TRANSACTION):
            for statement in _statements(migration.sql):
                await connection.execute(statement)
            await connection.execute(RECORD, *record)
            return
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(RECORD, *record)
    except (asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError) as error:
        raise ExtensionMissing(
            f"pgvector is not installed on this PostgreSQL server ({error})"
        ) from error


def _statements(sql: str) -> list[str]:
    # One by one: PostgreSQL wraps several statements of one message into a transaction.
    return [statement for statement in re.split(r";[ \t]*\n", sql) if statement.strip()]


def _folder() -> Path:
    package = Path(__file__).parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def _read(file: Path) -> Migration:
    match = FILE_NAME.fullmatch(file.name)
    if match is None:
        raise SchemaMismatch(f"{file.name} is not a name of the form 0001_what_it_does.sql")
    content = file.read_bytes()
    return Migration(
        version=int(match[1]),
        name=file.stem,
        sql=content.decode(),
        sha256=hashlib.sha256(content).hexdigest(),
    )


if __name__ == "__main__":
    for applied_name in asyncio.run(migrate(DatabaseSettings().required_url())):
        sys.stdout.write(f"applied {applied_name}\n")
