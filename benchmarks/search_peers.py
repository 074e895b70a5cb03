"""What the search is compared with: numpy in memory, one wide table, one HNSW over all rooms."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from pgvector import HalfVector, Vector

from benchmarks.search_rooms import BenchRoom, Matrix

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

    Pool = asyncpg.Pool[Record]

Peer = Callable[["Pool", BenchRoom, Matrix], Awaitable[list[int]]]

K = 10


def exact_in_memory(room: BenchRoom, query: Matrix) -> list[int]:
    """The lower bound: all vectors in memory, no database, no filter, no decoding."""
    cosine = room.smoothed @ query
    nearest = np.argpartition(-cosine, K)[:K]
    return [int(place) + 1 for place in nearest[np.argsort(-cosine[nearest])]]


async def by_numpy(db: "Pool", room: BenchRoom, query: Matrix) -> list[int]:
    return exact_in_memory(room, query)


# As in quick-start guides: text, text index and full vector in one row.
WIDE_TABLE = """
create table wide_message (
    conversation_id uuid not null,
    seq             bigint not null,
    content         text not null,
    words           tsvector not null,
    embedding       vector not null,
    primary key (conversation_id, seq)
);
insert into wide_message
select conversation_id, seq, content, to_tsvector('english', content), embedding::vector
  from message join message_embedding using (conversation_id, seq)
 where smoothed and passage = 0;
vacuum analyze wide_message
"""

WIDE = """
select seq from wide_message where conversation_id = $1 order by embedding <=> $2 limit 10
"""


async def by_wide_table(db: "Pool", room: BenchRoom, query: Matrix) -> list[int]:
    rows = await db.fetch(WIDE, room.conversation_id, Vector(query))
    return [row["seq"] for row in rows]


# No other index: the planner must take this one, as it does in a table of many rooms.
GLOBAL_HNSW = """
create table indexed_message (
    conversation_id uuid not null,
    seq             bigint not null,
    embedding       halfvec(384) not null
);
insert into indexed_message
select conversation_id, seq, embedding
  from message_embedding
 where smoothed and passage = 0
 order by seq;
set maintenance_work_mem = '1GB';
create index on indexed_message using hnsw (embedding halfvec_cosine_ops);
reset maintenance_work_mem;
vacuum analyze indexed_message
"""

NEAREST_BY_HNSW = """
select seq from indexed_message where conversation_id = $1 order by embedding <=> $2 limit 10
"""


async def by_global_hnsw(db: "Pool", room: BenchRoom, query: Matrix) -> list[int]:
    """One HNSW index over all rooms with default settings, filtered by room."""
    return await _nearest_by_hnsw(db, room, query, settings=("hnsw.ef_search=40",))


async def by_iterative_hnsw(db: "Pool", room: BenchRoom, query: Matrix) -> list[int]:
    """The same with pgvector's iterative scan, until enough rows pass the filter."""
    settings = ("hnsw.ef_search=40", "hnsw.iterative_scan=relaxed_order")
    return await _nearest_by_hnsw(db, room, query, settings=settings)


async def _nearest_by_hnsw(
    db: "Pool", room: BenchRoom, query: Matrix, *, settings: Sequence[str]
) -> list[int]:
    async with db.acquire() as connection, connection.transaction():
        for setting in (*settings, "enable_seqscan=off"):
            await connection.execute(f"set local {setting}")
        rows = await connection.fetch(NEAREST_BY_HNSW, room.conversation_id, HalfVector(query))
    return [row["seq"] for row in rows]


async def run_script(db: "Pool", script: str) -> None:
    """Statement by statement: VACUUM refuses a transaction."""
    async with db.acquire() as connection:
        for statement in script.split(";"):
            await connection.execute(statement)
