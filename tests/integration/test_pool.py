"""The connection pool."""

import asyncpg
from pgvector import HalfVector


async def test_every_connection_speaks_halfvec(db: asyncpg.Pool) -> None:
    value = await db.fetchval("select $1::halfvec", HalfVector([1, 2, 3]))
    assert value == HalfVector([1, 2, 3])
    assert await db.fetchval("select $1::halfvec::text", HalfVector([1, 2, 3])) == "[1,2,3]"
