"""DATABASE_URL, or the embedded database; and the state of its schema."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from longroom.embedded_postgres.server import EmbeddedPostgres
from longroom.embedded_postgres.supervisor import running_postgres
from longroom.progress import ProgressBars
from retrieval.database import migrations
from retrieval.database.connection import open_connection
from retrieval.database.pool import connect
from retrieval.errors import SchemaMismatch
from retrieval.settings import DatabaseSettings
from retrieval.store.indexes import reindexing

if TYPE_CHECKING:
    from retrieval.database.connection import Database

T = TypeVar("T")


@contextmanager
def database_url(data_dir: Path) -> Iterator[str]:
    """DATABASE_URL, or that of the embedded database, which runs inside the block."""
    configured = _configured_url()
    if configured is not None:
        yield configured
        return
    server = EmbeddedPostgres(data_dir)
    try:
        yield server.start()
    finally:
        server.stop()


@contextmanager
def migrated_database(data_dir: Path) -> Iterator[str]:
    """Like `database_url`; migrates the embedded database, but never DATABASE_URL."""
    with database_url(data_dir) as url:
        if _configured_url() is None:
            asyncio.run(apply_missing(url))
        yield url


def on_database(work: "Callable[[Database], Awaitable[T]]", *, data_dir: Path) -> T:
    """On one connection to a migrated database. Raises SchemaMismatch if DATABASE_URL is not."""
    with migrated_database(data_dir) as url:
        return asyncio.run(_on(url, work))


async def _on(url: str, work: "Callable[[Database], Awaitable[T]]") -> T:
    connection = await open_connection(url)
    try:
        return await work(connection)
    except asyncpg.UndefinedTableError as error:
        raise SchemaMismatch("the database lacks migrations; run `longroom migrate`") from error
    finally:
        await connection.close()


@asynccontextmanager
async def embedded_database(data_dir: Path) -> AsyncIterator[str]:
    """URL of the embedded database, migrated, and restarted when it was killed."""
    async with running_postgres(data_dir) as url:
        await apply_missing(url)
        yield url


async def apply_missing(url: str) -> list[str]:
    return await migrations.migrate(url)


async def index_anew(url: str, bars: ProgressBars) -> int:
    """Rooms of an older text layer; returns their number."""
    pool = await connect(url, pool_size=1)
    try:
        rooms = await reindexing.outdated(pool)
        with bars.step("messages indexed anew", sum(one.messages for one in rooms)) as advance:
            for one in rooms:
                await reindexing.reindex(pool, one.conversation_id, on_indexed=advance)
        return len(rooms)
    finally:
        await pool.close()


async def missing(url: str) -> list[str]:
    connection = await open_connection(url)
    try:
        return [migration.name for migration in await migrations.pending(connection)]
    finally:
        await connection.close()


def _configured_url() -> str | None:
    return DatabaseSettings().direct()
