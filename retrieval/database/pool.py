"""Connection pool on a database whose extension and schema were checked."""

from typing import TYPE_CHECKING, Any

import asyncpg
from asyncpg.pool import PoolAcquireContext
from pgvector.asyncpg import register_vector

from retrieval.database.connection import CONNECT_TIMEOUT_S, SESSION_SETTINGS, open_connection
from retrieval.database.migrations import pending
from retrieval.database.outage import connection_lost
from retrieval.errors import DatabaseUnreachable, ExtensionMissing, SchemaMismatch

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Record

OLDEST_PGVECTOR = (0, 8, 5)  # older ones have a buffer overflow in parallel index builds


class _AcquiredConnection(PoolAcquireContext):
    """Ends a connection that was lost: it may not know it yet, and would fail its next user."""

    async def __aexit__(self, *exc: object) -> None:
        if connection_lost(exc[1]) and self.connection is not None:
            self.connection.terminate()
        await super().__aexit__(*exc)
        if isinstance(exc[1], asyncpg.ReadOnlySQLTransactionError):
            await self.pool.expire_connections()  # the others lead to the same standby


class _BoundedPool(asyncpg.Pool):
    """Applies a default timeout to every acquire, including those inside fetch() and execute()."""

    def __init__(self, *arguments: Any, acquire_timeout_s: float | None, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._acquire_timeout_s = acquire_timeout_s

    def acquire(self, *, timeout: float | None = None) -> "PoolAcquireContext[Record]":
        return _AcquiredConnection(self, self._acquire_timeout_s if timeout is None else timeout)


async def connect(
    url: str, *, pool_size: int = 8, acquire_timeout_s: float | None = None
) -> "asyncpg.Pool[Record]":
    """Check extension and schema, then open a pool with the halfvec codec; the caller closes it.

    Raises a subclass of DatabaseUnfit. Acquiring raises TimeoutError after `acquire_timeout_s`.
    """
    connection = await open_connection(url)
    try:
        await _check_pgvector(connection)
        await _check_schema(connection)
    finally:
        await connection.close()
    try:
        return await _BoundedPool(
            url,
            acquire_timeout_s=acquire_timeout_s,
            min_size=1,
            max_size=pool_size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            init=register_vector,
            reset=_no_reset,
            timeout=CONNECT_TIMEOUT_S,
            server_settings=SESSION_SETTINGS,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseUnreachable(f"cannot connect to the database: {error}") from error


async def _no_reset(connection: "Connection") -> None:
    """Saves a round trip: asyncpg rolls back without it, and the listener ends the one LISTEN."""


PGVECTOR_VERSION = """
select extversion from pg_extension where extname = 'vector'
"""


async def _check_pgvector(connection: "Connection") -> None:
    version = await connection.fetchval(PGVECTOR_VERSION)
    oldest = ".".join(map(str, OLDEST_PGVECTOR))
    if version is None:
        raise ExtensionMissing(
            "the database has no pgvector; run `longroom migrate`,"
            f" on a server that has pgvector {oldest} or newer installed"
        )
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
