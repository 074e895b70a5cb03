"""The database that the settings name, and how its schema stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from longroom.embedded_postgres.server import EmbeddedPostgres
from retrieval.database import migrations
from retrieval.database.connection import open_connection
from retrieval.settings import DatabaseSettings


@contextmanager
def database_url(data_dir: Path) -> Iterator[str]:
    """DATABASE_URL, or the embedded database's, which runs for the length of the block."""
    settings = DatabaseSettings()
    if settings.url is not None:
        yield settings.url.get_secret_value()
        return
    server = EmbeddedPostgres(data_dir)
    try:
        yield server.start()
    finally:
        server.stop()


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
