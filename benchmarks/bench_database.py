"""An embedded database for one benchmark, with the memory of a small production server."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from longroom.embedded_postgres.server import EmbeddedPostgres
from retrieval.database.migrations import migrate
from retrieval.database.pool import connect

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

SERVER = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "4GB",  # a room of a million messages fits in memory
    "max_wal_size": "4GB",
    "max_connections": "60",
}


@asynccontextmanager
async def temporary_database() -> AsyncIterator[str]:
    """Yields the URL of a migrated database; deletes it afterwards."""
    with tempfile.TemporaryDirectory(prefix="longroom-bench-") as folder:
        server = EmbeddedPostgres(_reachable(folder), settings=SERVER)
        url = await asyncio.to_thread(server.start)
        try:
            await migrate(url)
            yield url
        finally:
            await asyncio.to_thread(server.stop)


@asynccontextmanager
async def open_pool(url: str, *, size: int) -> "AsyncIterator[asyncpg.Pool[Record]]":
    pool = await connect(url, pool_size=size)
    try:
        yield pool
    finally:
        await pool.close()


def _reachable(folder: str) -> Path:
    path = Path(folder)
    path.chmod(0o711)  # as root, PostgreSQL runs as another user
    return path
