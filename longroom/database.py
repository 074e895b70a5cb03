"""The database that the settings name, or the embedded one; and how its schema stands."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from longroom.embedded_postgres.server import EmbeddedPostgres
from longroom.embedded_postgres.supervisor import running_postgres
from retrieval.database import migrations
from retrieval.database.connection import open_connection
from retrieval.settings import DatabaseSettings


@contextmanager
def database_url(data_dir: Path) -> Iterator[str]:
    """DATABASE_URL, or the embedded database's, which runs for the length of the block."""
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
    """As `database_url`, with migrations applied to the embedded database."""
    with database_url(data_dir) as url:
        if _configured_url() is None:
            asyncio.run(apply_missing(url))
        yield url


@asynccontextmanager
async def embedded_database(data_dir: Path) -> AsyncIterator[str]:
    """The embedded database, migrated, and restarted when it is killed."""
    async with running_postgres(data_dir) as url:
        await apply_missing(url)
        yield url


async def apply_missing(url: str) -> list[str]:
    """Apply what is missing; return its names in order."""
    return await migrations.migrate(url)


async def missing(url: str) -> list[str]:
    """The names of what is missing, in order."""
    connection = await open_connection(url)
    try:
        return [migration.name for migration in await migrations.pending(connection)]
    finally:
        await connection.close()


def _configured_url() -> str | None:
    url = DatabaseSettings().url
    return None if url is None else url.get_secret_value()
