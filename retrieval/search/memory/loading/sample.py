"""Reads some of a large room's vectors, which tell what all of them have in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from retrieval import columns
from retrieval.search.memory.arrays.inner_products import Singles
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

SAMPLED: Final = 2000

SAMPLE: Final = """
select array_send(array_agg(embedding)) as embedding
  from message_embedding
 where conversation_id = $1 and model_id = $2 and smoothed = $3 and seq = any($4)
   and passage = 0
"""


async def read_sample(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    seqs: Sequence[int],
    *,
    smoothed: bool,
) -> Singles:
    """Of about SAMPLED messages, from all over the room, those that have a vector."""
    packed = await connection.fetchval(SAMPLE, conversation_id, model_id, smoothed, seqs)
    return columns.half_vectors(packed).astype(np.float32)
