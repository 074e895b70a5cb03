"""Opening a connection, its session settings, and transactions on a pool or a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from retrieval.database.keepalive import keep_alive
from retrieval.database.roles import LOOKED_IN
from retrieval.database.scope import Scoped
from retrieval.database.unreachable import unreachable, unusable
from retrieval.errors import DatabaseUnreachable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Record: TypeAlias = asyncpg.Record
    Connection: TypeAlias = asyncpg.Connection[Record] | PoolConnectionProxy[Record]
    Database: TypeAlias = asyncpg.Pool[Record] | Scoped | Connection

CONNECT_TIMEOUT_S = 10
ROLLBACK_S = 5.0

# hnsw.ef_search: bounds the candidates of an HNSW scan, and thus the rows it can return.
# jit, parallel workers: starting them costs more than these queries, and workers take processor
# time from other searches.
# plan_cache_mode: a generic plan knows neither the conversation's size nor its model and misses the
# covering index.
# random_page_cost: the default is for spinning disks; with it, a conversation that fills half of
# the table is read from the heap.
# search_path: our tables stand in a schema of their own, pgvector's types where they were found.
# citus.propagate_set_commands: the shards' policies see which conversation is meant. Without Citus
# it is a name that nobody reads.
SESSION_SETTINGS = {
    "application_name": "longroom",
    "citus.propagate_set_commands": "local",
    "hnsw.ef_search": "400",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "force_custom_plan",
    "random_page_cost": "1.1",
    "search_path": ", ".join(LOOKED_IN),
    "timezone": "UTC",
}


async def open_connection(url: str) -> "asyncpg.Connection[Record]":
    """To the database itself, not to a pooler. The caller closes it. Raises DatabaseUnreachable."""
    try:
        connection = await asyncpg.connect(
            url, timeout=CONNECT_TIMEOUT_S, server_settings=SESSION_SETTINGS
        )
    except asyncpg.ProtocolViolationError as error:
        raise DatabaseUnreachable(
            f"{error}; if DATABASE_URL leads to a pooler such as pgbouncer, set DATABASE_DIRECT_URL"
            " to the address of the database itself"
        ) from error
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise unreachable(url, error, within_s=CONNECT_TIMEOUT_S) from error
    except (ValueError, asyncpg.InterfaceError) as error:
        raise unusable(url, error) from error
    keep_alive(connection)
    return connection


def raise_if_cancelled() -> None:
    """Call where database errors are caught: one from cleaning up can replace CancelledError."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@asynccontextmanager
async def one_connection(db: "Database") -> AsyncIterator["Connection"]:
    """One connection for several statements: acquiring costs as much as a small statement."""
    if isinstance(db, asyncpg.Pool | Scoped):
        async with db.acquire() as connection:
            yield connection
    else:
        yield db


@asynccontextmanager
async def transaction(db: "Database") -> AsyncIterator["Connection"]:
    if isinstance(db, Scoped):
        async with db.transaction() as begun:
            yield begun
        return
    async with one_connection(db) as connection, transaction_on(connection):
        yield connection


@asynccontextmanager
async def transaction_on(connection: "Connection") -> AsyncIterator[None]:
    """What ends the block is raised, also if it cannot be rolled back: then the connection is cut.

    asyncpg's own would wait for ever for a silent server's word that a statement was cancelled.
    """
    begun = connection.transaction()
    try:
        await begun.start()
    except BaseException:
        connection.terminate()  # half a beginning would be the next user's
        raise
    try:
        yield
    except BaseException:
        try:
            async with asyncio.timeout(ROLLBACK_S):
                await begun.rollback()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection.terminate()
        raise
    await begun.commit()
