"""A temporary database for an evaluation."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from retrieval.database.connection import open_connection
from retrieval.database.migrations import migrate
from retrieval.database.pool import connect

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record


@asynccontextmanager
async def scratch_database(url: str) -> "AsyncIterator[asyncpg.Pool[Record]]":
    """A new migrated database, dropped at the end. The role must be allowed to create it."""
    name = f"longroom_evaluation_{secrets.token_hex(4)}"
    await _execute(url, f'create database "{name}"')
    try:
        scratch_url = urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        await migrate(scratch_url)
        pool = await connect(scratch_url)
        try:
            yield pool
        finally:
            pool.terminate()
    finally:
        await _execute(url, f'drop database if exists "{name}" with (force)')


async def _execute(url: str, statement: str) -> None:
    connection = await open_connection(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
