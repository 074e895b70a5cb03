"""Reads vectors."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from retrieval.columns import Integers
from retrieval.search.memory.arrays.coded import Coded
from retrieval.search.memory.loading.sample import SAMPLED, read_sample
from retrieval.search.memory.news import VECTOR_COLUMNS, VectorRows, vector_rows
from retrieval.search.memory.room import extended
from retrieval.search.memory.vectors import Vectors
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

PAGE_MESSAGES: Final = 500

# Whole messages: a page may have more rows.
VECTORS: Final = """
select {columns}
  from (select seq, passage, embedding
          from message_embedding
         where conversation_id = $1 and model_id = $2 and smoothed = $3
           and seq > $4 and seq <= $5
         order by seq, passage) page
""".replace("{columns}", VECTOR_COLUMNS.strip())


async def read_vectors(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    messages: Integers,
    *,
    smoothed: bool,
    coded: bool = False,
) -> Vectors:
    """Behind the mark that follows, some may be missing; `coded` for a large room."""
    vectors = Vectors.empty()
    if coded:
        seqs = messages[:: -(-len(messages) // SAMPLED)].tolist()
        like = await read_sample(connection, conversation_id, model_id, seqs, smoothed=smoothed)
        vectors = Vectors.empty(Coded.empty(like) if len(like) else None)
    ends = messages[PAGE_MESSAGES - 1 :: PAGE_MESSAGES].tolist()
    last = int(messages[-1]) if len(messages) else 0
    behind: list[VectorRows] = []
    for start, end in pairwise([0, *ends, *([last] if last not in ends else [])]):
        row = await connection.fetchrow(VECTORS, conversation_id, model_id, smoothed, start, end)
        assert row is not None  # noqa: S101 - an aggregate always has one row
        behind.append(vector_rows(row["seq"], row["passage"], row["embedding"]))
        known = messages[: int(np.searchsorted(messages, end, side="right"))]
        vectors = extended(vectors, _joined(behind), messages=known)
        behind = [vectors.newest]
        await asyncio.sleep(0)
    return vectors


def _joined(rows: Sequence[VectorRows]) -> VectorRows:
    filled = [one for one in rows if len(one)] or [*rows[:1]]
    return VectorRows(
        np.concatenate([one.seq for one in filled]),
        np.concatenate([one.passage for one in filled]),
        np.concatenate([one.embedding for one in filled]),
    )
