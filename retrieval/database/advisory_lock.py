"""A lock of the database server by which one of several backends does a work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

TRY_LOCK = """
select pg_try_advisory_lock($1)
"""

UNLOCK = """
select pg_advisory_unlock($1)
"""


@asynccontextmanager
async def advisory_lock(connection: "Connection", key: int) -> AsyncIterator[bool]:
    """False if another holds it; the server frees it if this process is killed."""
    if not await connection.fetchval(TRY_LOCK, key):
        yield False
        return
    try:
        yield True
    finally:
        if not connection.is_closed():
            await connection.execute(UNLOCK, key)
