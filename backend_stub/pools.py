"""The requests' database connections, in shares: what holds one kind up leaves the others be."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend_stub.settings import BackendSettings
from retrieval.database.pool import StatementLimits, check_database, open_pool

if TYPE_CHECKING:
    import asyncpg

    Pool = asyncpg.Pool[asyncpg.Record]

CLOSE_S = 5.0


@dataclass(frozen=True)
class Pools:
    """The same pool three times where there are less than three connections."""

    searches: "Pool"
    writes: "Pool"
    others: "Pool"
    """Reads, probes, reports of workers."""

    def by_name(self) -> "Mapping[str, Pool]":
        if self.searches is self.writes:
            return {"all": self.searches}
        return {"searches": self.searches, "writes": self.writes, "others": self.others}

    async def expire(self) -> None:
        """Every next request gets a new connection."""
        for pool in self.by_name().values():
            await pool.expire_connections()


@asynccontextmanager
async def open_pools(url: str, settings: BackendSettings) -> AsyncIterator[Pools]:
    """Check the database at `url`, its own address, and open them. Raises DatabaseUnfit."""
    await check_database(url)
    async with AsyncExitStack() as stack:

        async def opened(size: int) -> "Pool":
            pool = await _open_pool(url, settings, size)
            stack.push_async_callback(close_pool, pool)
            return pool

        size = settings.database.pool_size
        if size < 3:
            pool = await opened(size)
            yield Pools(pool, pool, pool)
            return
        searches = size // 2
        writes = (size - searches) // 2
        yield Pools(
            searches=await opened(searches),
            writes=await opened(writes),
            others=await opened(size - searches - writes),
        )


async def _open_pool(url: str, settings: BackendSettings, size: int) -> "Pool":
    database = settings.database
    pooler = database.pooler()
    return await open_pool(
        pooler or url,
        pool_size=size,
        acquire_timeout_s=settings.pool_timeout_s,
        limits=StatementLimits(
            statement_s=database.statement_timeout_s, lock_s=database.lock_timeout_s
        ),
        cached_statements=database.cached_statements(),
        behind_pooler=pooler is not None,
    )


async def close_pool(pool: "Pool") -> None:
    """Bounded: a response may still stream from it, or the server be gone."""
    try:
        async with asyncio.timeout(CLOSE_S):
            await pool.close()
    except TimeoutError:
        pool.terminate()
