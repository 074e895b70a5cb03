"""A database that is filled once and copied for each test of a module."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import asyncpg

from retrieval.database.pool import connect
from testbed.postgres import Server, create_database, drop_database

Fill = Callable[[asyncpg.Pool], Awaitable[object]]


@contextmanager
def filled_database(server: Server, fill: Fill) -> Iterator[str]:
    """The name of a database that `fill` has filled, to be a template."""
    name = asyncio.run(_create(server, fill))
    yield name
    asyncio.run(drop_database(server.url, name))


async def _create(server: Server, fill: Fill) -> str:
    name = await create_database(server)
    pool = await connect(server.database_url(name), pool_size=2)
    try:
        await fill(pool)
    finally:
        await pool.close()
    return name
