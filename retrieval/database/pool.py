"""Connection pool on a database whose extension and schema were checked."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
from pgvector.asyncpg import register_vector

from retrieval.database.connection import (
    CONNECT_TIMEOUT_S,
    SESSION_SETTINGS,
    open_connection,
    transaction_on,
)
from retrieval.database.keepalive import keep_alive
from retrieval.database.migrations import pending
from retrieval.database.outage import connection_lost
from retrieval.errors import DatabaseUnreachable, ExtensionMissing, SchemaMismatch
from retrieval.settings import CACHED_STATEMENTS

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from retrieval.database.connection import Connection, Record

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


class _Pool(asyncpg.Pool):
    """Of live connections: a lost one may not know it yet, and would fail its next user.

    Every acquire, also those inside fetch() and execute(), ends after `acquire_timeout_s`, and is
    one transaction where `transaction_settings` are given.
    """

    def __init__(
        self,
        *arguments: Any,
        acquire_timeout_s: float | None,
        transaction_settings: Mapping[str, str] | None,
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self._acquire_timeout_s = acquire_timeout_s
        self._begin = _set_local(transaction_settings) if transaction_settings else None

    @asynccontextmanager
    async def acquire(  # type: ignore[override]  # `await pool.acquire()` is not for us
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109  # the signature of asyncpg
    ) -> AsyncIterator["PoolConnectionProxy[Record]"]:
        async with super().acquire(
            timeout=self._acquire_timeout_s if timeout is None else timeout
        ) as connection:
            try:
                if self._begin is None:
                    yield connection
                else:
                    async with transaction_on(connection):
                        await connection.execute(self._begin)
                        yield connection
            except BaseException as error:
                if connection_lost(error):
                    connection.terminate()
                if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
                    await self.expire_connections()  # the others lead to the same standby
                raise


def _set_local(settings: Mapping[str, str]) -> str:
    return ";".join(f"set local {name} = '{value}'" for name, value in settings.items())


async def connect(url: str, *, pool_size: int = 8) -> "asyncpg.Pool[Record]":
    """Check the database, then open a pool on it, which the caller closes.

    Raises a subclass of DatabaseUnfit.
    """
    await check_database(url)
    return await open_pool(url, pool_size=pool_size)


async def open_pool(
    url: str,
    *,
    pool_size: int,
    acquire_timeout_s: float | None = None,
    limits: StatementLimits | None = None,
    cached_statements: int = CACHED_STATEMENTS,
    behind_pooler: bool = False,
) -> "asyncpg.Pool[Record]":
    """With the halfvec codec, on a database that was checked; the caller closes it.

    Behind a pooler each transaction of a connection may run on another of the server's: session
    settings and statements outside a transaction are no good there.
    Raises DatabaseUnreachable. Acquiring raises TimeoutError after `acquire_timeout_s`.
    """
    settings = SESSION_SETTINGS | (limits.settings() if limits else {})
    try:
        return await _Pool(
            url,
            acquire_timeout_s=acquire_timeout_s,
            transaction_settings=_without(settings, POOLER_TAKES) if behind_pooler else None,
            min_size=1,
            max_size=pool_size,
            max_queries=50_000,
            max_inactive_connection_lifetime=300.0,
            loop=None,
            connection_class=asyncpg.Connection,
            record_class=asyncpg.Record,
            init=_init,
            reset=_no_reset,
            timeout=CONNECT_TIMEOUT_S,
            command_timeout=limits.statement_s + ANSWER_S if limits else None,
            statement_cache_size=cached_statements,
            server_settings={n: settings[n] for n in POOLER_TAKES} if behind_pooler else settings,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseUnreachable(f"cannot connect to the database: {error}") from error


async def check_database(url: str) -> None:
    """Its extension and schema; not through a pooler. Raises a subclass of DatabaseUnfit."""
    connection = await open_connection(url)
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await _check_pgvector(connection)
            await _check_schema(connection)
            await connection.close()
    except TimeoutError:
        raise DatabaseUnreachable(
            f"the database does not answer: nothing within {CONNECT_TIMEOUT_S} s"
        ) from None
    finally:
        connection.terminate()


POOLER_TAKES = ("application_name", "timezone")
"""The session settings that pgbouncer accepts when a connection opens, and keeps for it."""


def _without(settings: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: value for name, value in settings.items() if name not in names}


async def _init(connection: "asyncpg.Connection[Record]") -> None:
    keep_alive(connection)
    # In a transaction, since a pooler may otherwise change servers in between.
    async with asyncio.timeout(CONNECT_TIMEOUT_S), transaction_on(connection):
        await register_vector(connection)


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
