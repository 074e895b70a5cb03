"""Whether the database answers and has pgvector and the schema of this program."""

from pathlib import Path
from typing import TYPE_CHECKING

from longroom.doctor.finding import Finding, fail, ok, warn
from retrieval.errors import DatabaseUnfit, RoleRefused, SchemaMismatch
from retrieval.installing import programs_installed

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.roles import Role
    from retrieval.settings import Logins

REPORT = "look into postgres/cluster/server.log in the data folder"


async def examine_database(data_dir: Path) -> list[Finding]:
    try:
        from longroom.embedded_postgres.supervisor import running_postgres
        from retrieval.settings import DatabaseSettings
    except ModuleNotFoundError as error:
        return [
            fail("database", f"package {error.name} is not installed", mend=programs_installed())
        ]
    settings = DatabaseSettings()
    if settings.direct() is not None:
        mend = "correct DATABASE_URL, or leave it empty for the embedded database"
        logins = settings.logins(instead="longroom backend")
        findings = await _examine(logins.owner, name="database", mend=mend)
        return [*findings, *(await _logins(logins) if len(findings) > 1 else [])]
    try:
        async with running_postgres(data_dir) as started:
            findings = await _examine(started, name="embedded database", mend=REPORT)
        # The backend migrates an embedded database by itself when it starts.
        return [_harmless(finding) for finding in findings]
    except DatabaseUnfit as error:
        mend = "correct what the message names, or set DATABASE_URL to a PostgreSQL with pgvector"
        return [fail("embedded database", error.what, mend=error.mend or mend)]


def _harmless(finding: Finding) -> Finding:
    if finding.status != "warn":
        return finding
    return ok(finding.name, f"{finding.text}; the next start does it")


async def _examine(url: str, *, name: str, mend: str) -> list[Finding]:
    from retrieval.database.connection import open_connection

    try:
        connection = await open_connection(url)
    except DatabaseUnfit as error:
        return [fail(name, error.what, mend=error.mend or mend)]
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


ROLES = """
select count(*) = 2 from pg_roles where rolname in ('longroom_app', 'longroom_background')
"""


async def _logins(logins: "Logins") -> list[Finding]:
    """Whether they may do their work, and whether SQL that comes through a request could show
    another conversation.
    """
    from retrieval.database.roles import APP, BACKGROUND

    try:
        return [
            *await _examine_login(logins.background, BACKGROUND),
            *await _examine_login(logins.requests, APP),
        ]
    except DatabaseUnfit as error:
        return [fail("login", error.what, mend=error.mend)]


async def _examine_login(url: str, role: "Role") -> list[Finding]:
    """Raises DatabaseUnfit."""
    from retrieval.database.connection import open_connection
    from retrieval.database.logins import powers
    from retrieval.database.pool import take_role
    from retrieval.database.roles import APP

    connection = await open_connection(url)
    try:
        if not await connection.fetchval(ROLES):
            mend = "longroom migrate"
            return [warn("wall", "its roles are not made yet", mend=mend)] if role == APP else []
        await take_role(connection, role)
        found = await powers(connection)
    finally:
        await connection.close()
    return [_wall(found)] if role == APP else []


def _wall(found: list[str]) -> Finding:
    if found:
        text = f"the login of requests {' and '.join(found)}"
        return warn("wall", text, mend="a login for each role; docs/security.md, The database")
    return ok("wall", "requests log in as one that sees a conversation at a time")


async def _schema(connection: "asyncpg.Connection[asyncpg.Record]") -> Finding:
    from retrieval.database.migrations import pending

    try:
        missing = await pending(connection)
    except RoleRefused as error:
        return fail("schema", error.what, mend=error.mend)
    except SchemaMismatch as error:
        return fail("schema", str(error), mend="use the program that belongs to this database")
    if missing:
        names = ", ".join(migration.name for migration in missing)
        return warn("schema", f"not applied yet: {names}", mend="longroom migrate")
    return ok("schema", "up to date")
