"""Connection pool on a database whose extension and schema were checked."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg
from pgvector.asyncpg import register_vector

from retrieval.database.connection import (
    CONNECT_TIMEOUT_S,
    SESSION_SETTINGS,
    open_connection,
    transaction_on,
)
from retrieval.database.keepalive import keep_alive
from retrieval.database.live_pool import LivePool
from retrieval.database.migrations import pending
from retrieval.database.roles import Role
from retrieval.database.schema import VECTOR_SCHEMA, check_vector_schema
from retrieval.database.scoped_connection import ScopedConnection
from retrieval.database.unreachable import unreachable
from retrieval.errors import DatabaseUnreachable, ExtensionMissing, RoleRefused, SchemaMismatch
from retrieval.settings import CACHED_STATEMENTS

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

ANSWER_S = 5.0
"""Beyond the longest statement: so long after its end a server is waited for that says nothing."""
OLDEST_PGVECTOR = (0, 8, 5)  # older ones have a buffer overflow in parallel index builds


@dataclass(frozen=True)
class StatementLimits:
    """Seconds until PostgreSQL gives a statement, or its wait for a lock, up."""

    statement_s: float
    lock_s: float

    def settings(self) -> dict[str, str]:
        return {
            "statement_timeout": f"{round(self.statement_s * 1000)}ms",
            "lock_timeout": f"{round(self.lock_s * 1000)}ms",
        }


async def connect(url: str, *, pool_size: int = 8, role: Role | None = None) -> LivePool:
    """Check the database, then open a pool on it, which the caller closes.

    Raises a subclass of DatabaseUnfit.
    """
    await check_database(url, role=role)
    return await open_pool(url, pool_size=pool_size, role=role)


async def open_pool(
    url: str,
    *,
    pool_size: int,
    role: Role | None = None,
    at_once: bool = True,
    acquire_timeout_s: float | None = None,
    limits: StatementLimits | None = None,
    cached_statements: int = CACHED_STATEMENTS,
    behind_pooler: bool = False,
) -> LivePool:
    """With the halfvec codec, on a database that was checked; the caller closes it.

    Its connections take the `role`, whatever their login may do beyond it; without one they are as
    the login. `at_once`: one is opened now, not with the first use.
    Behind a pooler each transaction of a connection may run on another of the server's: session
    settings and statements outside a transaction are no good there.
    Raises DatabaseUnreachable. Acquiring raises TimeoutError after `acquire_timeout_s`.
    """
    settings = SESSION_SETTINGS | (limits.settings() if limits else {})
    if role is not None:
        settings |= {"role": role}
    try:
        return await LivePool(
            url,
            acquire_timeout_s=acquire_timeout_s,
            transaction_settings=_without(settings, POOLER_TAKES) if behind_pooler else {},
            min_size=1 if at_once else 0,
            max_size=pool_size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            loop=None,
            record_class=asyncpg.Record,
            init=_init,
            reset=_no_reset,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=limits.statement_s + ANSWER_S if limits else None,
            statement_cache_size=cached_statements,
            server_settings={n: settings[n] for n in POOLER_TAKES} if behind_pooler else settings,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise unreachable(url, error, within_s=CONNECT_TIMEOUT_S) from error


async def check_database(url: str, *, role: Role | None = None) -> None:
    """Its extension and schema, and that the login may take the role; not through a pooler.

    Raises a subclass of DatabaseUnfit.
    """
    connection = await open_connection(url)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await _check_pgvector(connection)
            if role is not None:
                await take_role(connection, role)
            await _check_schema(connection)
            await connection.close()
    except TimeoutError:
        raise DatabaseUnreachable(
            f"the database does not answer: nothing within {CONNECT_TIMEOUT_S} s"
        ) from None
    finally:
        connection.terminate()


ROLE = """
select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = $1
"""


async def take_role(connection: "Connection", role: Role) -> None:
    """Raises RoleRefused."""
    may = await connection.fetchval(ROLE, role)
    if may is None:
        return  # what makes it is missing, and will be named
    if not may:
        login = await connection.fetchval("select quote_ident(current_user)")
        raise RoleRefused(
            f"the database login {login} may not act as {role}",
            f"run as the database's owner: grant {role} to {login}",
        )
    await connection.execute(f"set role {role}")  # one of two constants


POOLER_TAKES = ("application_name", "timezone")
"""The session settings that pgbouncer accepts when a connection opens, and keeps for it."""


def _without(settings: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in settings.items() if name not in names}


SHARDED = """
select to_regclass('pg_catalog.pg_dist_partition') is not null
"""

# A pooler that nobody named to us tells its clients another one.
OWN_PROCESS = """
select pg_backend_pid()
"""


async def _init(connection: ScopedConnection) -> None:
    keep_alive(connection)
    # In a transaction, since a pooler may otherwise change servers in between.
    async with asyncio.timeout(CONNECT_TIMEOUT_S), transaction_on(connection):
        await register_vector(connection, schema=await connection.fetchval(VECTOR_SCHEMA))
        connection.sharded = await connection.fetchval(SHARDED)
        connection.is_direct = await connection.fetchval(OWN_PROCESS) == connection.get_server_pid()


async def _no_reset(connection: "Connection") -> None:
    """Saves a round trip: asyncpg rolls back without it, and the listener ends the one LISTEN."""


PGVECTOR = """
select extversion, nspname
  from pg_extension
  join pg_namespace on pg_namespace.oid = extnamespace
 where extname = 'vector'
"""


async def _check_pgvector(connection: "Connection") -> None:
    row = await connection.fetchrow(PGVECTOR)
    oldest = ".".join(map(str, OLDEST_PGVECTOR))
    if row is None:
        raise ExtensionMissing(
            "the database has no pgvector; run `longroom migrate`,"
            f" on a server that has pgvector {oldest} or newer installed"
        )
    version, schema = row
    check_vector_schema(schema)
    if tuple(int(part) for part in version.split(".")) < OLDEST_PGVECTOR:
        raise ExtensionMissing(
            f"the database has pgvector {version}, {oldest} or newer is needed;"
            " upgrade it on the server, then run `alter extension vector update`"
        )


async def _check_schema(connection: "Connection") -> None:
    missing = await pending(connection)
    if missing:
        names = ", ".join(migration.name for migration in missing)
        raise SchemaMismatch(f"the database lacks migrations ({names}); run `longroom migrate`")
