"""Connections to PostgreSQL: how one is opened, what it is set to, and a transaction on any."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from retrieval.errors import DatabaseUnreachable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Record: TypeAlias = asyncpg.Record
    Connection: TypeAlias = asyncpg.Connection[Record] | PoolConnectionProxy[Record]
    Database: TypeAlias = asyncpg.Pool[Record] | Connection

CONNECT_TIMEOUT_S = 10

# hnsw.ef_search: a graph gives no more than it looks at, and little more than that is right.
# jit and parallel workers: starting them costs more than these queries, and workers take the
# processor from other searches. plan_cache_mode: a generic plan knows neither the conversation's
# size nor its model, and falls off the covering index. random_page_cost: the default is for turning
# disks; with it, a conversation that fills half of the table is read from the heap.
SESSION_SETTINGS = {
    "application_name": "longroom",
    "hnsw.ef_search": "400",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "force_custom_plan",
    "random_page_cost": "1.1",
    "timezone": "UTC",
}


async def open_connection(url: str) -> "asyncpg.Connection[Record]":
    """Connect to the database at `url`; the caller closes. Raises DatabaseUnreachable."""
    try:
        return await asyncpg.connect(
            url, timeout=CONNECT_TIMEOUT_S, server_settings=SESSION_SETTINGS
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        reason = str(error) or f"no answer within {CONNECT_TIMEOUT_S} s"
        raise DatabaseUnreachable(f"cannot connect to the database: {reason}") from error
    except (ValueError, asyncpg.InterfaceError) as error:
        raise DatabaseUnreachable(f"DATABASE_URL is not usable: {error}") from error


def raise_if_cancelled() -> None:
    """Call where database errors are caught to try again: one may have hidden a cancellation.

    Cleaning up on a broken connection raises, and that error takes CancelledError's place.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@asynccontextmanager
async def one_connection(db: "Database") -> AsyncIterator["Connection"]:
    """A connection for several statements: lending one takes a pool as long as a small one."""
    if isinstance(db, asyncpg.Pool):
        async with db.acquire() as connection:
            yield connection
    else:
        yield db


@asynccontextmanager
async def transaction(db: "Database") -> AsyncIterator["Connection"]:
    """A connection inside a transaction, whether `db` is a pool or already a connection."""
    async with one_connection(db) as connection, connection.transaction():
        yield connection
