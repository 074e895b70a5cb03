"""Whether the database answers and has pgvector and the schema of this program."""

from pathlib import Path
from typing import TYPE_CHECKING

from longroom.doctor.finding import Finding, fail, ok, warn
from retrieval.errors import DatabaseUnfit, SchemaMismatch

if TYPE_CHECKING:
    import asyncpg

REPORT = "look into postgres/cluster/server.log in the data folder"
INSTALL = "pip install 'longroom[backend]'"


async def examine_database(data_dir: Path) -> list[Finding]:
    try:
        from longroom.embedded_postgres.supervisor import running_postgres
        from retrieval.settings import DatabaseSettings
    except ModuleNotFoundError as error:
        return [fail("database", f"package {error.name} is not installed", mend=INSTALL)]
    url = DatabaseSettings().direct()
    if url is not None:
        mend = "correct DATABASE_URL, or leave it empty for the embedded database"
        return await _examine(url, name="database", mend=mend)
    try:
        async with running_postgres(data_dir) as started:
            findings = await _examine(started, name="embedded database", mend=REPORT)
        # The backend migrates an embedded database by itself when it starts.
        return [_harmless(finding) for finding in findings]
    except DatabaseUnfit as error:
        mend = "correct what the message names, or set DATABASE_URL to a PostgreSQL with pgvector"
        return [fail("embedded database", str(error), mend=mend)]


def _harmless(finding: Finding) -> Finding:
    if finding.status != "warn":
        return finding
    return ok(finding.name, f"{finding.text}; the next start does it")


async def _examine(url: str, *, name: str, mend: str) -> list[Finding]:
    from retrieval.database.connection import open_connection

    try:
        connection = await open_connection(url)
    except DatabaseUnfit as error:
        return [fail(name, str(error), mend=mend)]
    try:
        version = await connection.fetchval("show server_version")
        return [
            ok(name, f"PostgreSQL {version} answers"),
            await _pgvector(connection),
            await _schema(connection),
        ]
    finally:
        await connection.close()


PGVECTOR = """
select installed_version, default_version from pg_available_extensions where name = 'vector'
"""


async def _pgvector(connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    from retrieval.database.pool import OLDEST_PGVECTOR

    oldest = ".".join(map(str, OLDEST_PGVECTOR))
    row = await connection.fetchrow(PGVECTOR)
    if row is None:
        mend = f"install pgvector {oldest} or newer on the database server"
        return fail("pgvector", "not available on this server", mend=mend)
    if row["installed_version"] is None:
        text = f"{row['default_version']} is available, not yet enabled in this database"
        return warn("pgvector", text, mend="longroom migrate")
    if tuple(int(part) for part in row["installed_version"].split(".")) < OLDEST_PGVECTOR:
        mend = f"install {oldest} or newer on the server, then: alter extension vector update"
        return fail("pgvector", f"{row['installed_version']} is too old", mend=mend)
    return ok("pgvector", row["installed_version"])


async def _schema(connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    from retrieval.database.migrations import pending

    try:
        missing = await pending(connection)
    except SchemaMismatch as error:
        return fail("schema", str(error), mend="use the program that belongs to this database")
    if missing:
        names = ", ".join(migration.name for migration in missing)
        return warn("schema", f"not applied yet: {names}", mend="longroom migrate")
    return ok("schema", "up to date")
