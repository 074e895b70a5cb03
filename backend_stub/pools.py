"""The requests' database connections, in shares: what holds one kind up leaves the others be."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from backend_stub.settings import BackendSettings
from retrieval.database.connection import open_connection
from retrieval.database.live_pool import LivePool
from retrieval.database.logins import powers
from retrieval.database.pool import StatementLimits, check_database, open_pool
from retrieval.database.roles import APP, BACKGROUND, Role
from retrieval.settings import Logins

logger = logging.getLogger(__name__)

CLOSE_S = 5.0
BACKGROUND_CONNECTIONS = 3
"""Erasures, and counts of a large database, must not keep the keys waiting."""


@dataclass(frozen=True)
class Pools:
    """The same pool three times where there are less than three connections.

    These three see no conversation before it is named: `pools.searches.of(conversation_id)`.
    """

    searches: LivePool
    writes: LivePool
    others: LivePool
    """Reads, probes, reports of workers."""
    background: LivePool
    """Sees all conversations, and the keys: to count, prepare and check, never to answer."""

    def by_name(self) -> Mapping[str, LivePool]:
        if self.searches is self.writes:
            return {"all": self.searches}
        return {"searches": self.searches, "writes": self.writes, "others": self.others}

    async def expire(self) -> None:
        """Every next request gets a new connection."""
        for pool in (*self.by_name().values(), self.background):
            await pool.expire_connections()


@asynccontextmanager
async def open_pools(logins: Logins, settings: BackendSettings) -> AsyncIterator[Pools]:
    """Check the database, and open them. Raises DatabaseUnfit."""
    await check_database(logins.requests, role=APP)
    await check_database(logins.background, role=BACKGROUND)
    async with AsyncExitStack() as stack:

        async def opened(size: int) -> LivePool:
            pool = await _open_pool(
                logins.requests, settings, size, role=APP, pooler=settings.database.pooler()
            )
            stack.push_async_callback(close_pool, pool)
            return pool

        background = await _open_pool(
            logins.background, settings, BACKGROUND_CONNECTIONS, role=BACKGROUND
        )
        stack.push_async_callback(close_pool, background)
        size = settings.database.pool_size
        if size < 3:
            pool = await opened(size)
            yield Pools(pool, pool, pool, background)
            return
        searches = size // 2
        writes = (size - searches) // 2
        yield Pools(
            searches=await opened(searches),
            writes=await opened(writes),
            others=await opened(size - searches - writes),
            background=background,
        )


async def tell_powers(url: str) -> None:
    """A warning if the login of requests could pass the wall between conversations."""
    connection = await open_connection(url)
    try:
        found = await powers(connection)
    finally:
        await connection.close()
    if found:
        logger.warning(
            "the database login of requests could pass the wall between conversations",
            extra={"reason": f"it {' and '.join(found)}"},
        )


async def _open_pool(
    url: str, settings: BackendSettings, size: int, *, role: Role, pooler: str | None = None
) -> LivePool:
    database = settings.database
    return await open_pool(
        pooler or url,
        pool_size=size,
        role=role,
        at_once=role == APP,
        acquire_timeout_s=settings.pool_timeout_s,
        limits=StatementLimits(
            statement_s=database.statement_timeout_s, lock_s=database.lock_timeout_s
        ),
        cached_statements=database.cached_statements(),
        behind_pooler=pooler is not None,
    )


async def close_pool(pool: LivePool) -> None:
    """Bounded: a response may still stream from it, or the server be gone."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await pool.close()
    except TimeoutError:
        pool.terminate()
