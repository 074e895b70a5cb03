"""Reads the codes of a large conversation, and what filters ask, in pages."""

import asyncio
from typing import TYPE_CHECKING, Final

import numpy as np

from retrieval import columns
from retrieval.ann.tiers import LIMITS, TierLimits
from retrieval.database.connection import transaction
from retrieval.search.memory.arrays.codes import BITS
from retrieval.search.memory.coded.room import CodedRoom, Page
from retrieval.search.memory.loading.load import AS_OF_NOW
from retrieval.search.memory.loading.sample import SAMPLED, read_sample
from retrieval.search.memory.version import VECTOR_TAIL, VERSION_COLUMNS, version_of
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

PAGE_MESSAGES: Final = 250
BYTES_OF_FACTS: Final = 50
"""Of a passage, and where they may grow."""

OUTLINE: Final = """
select c.language, c.passage_count, c.last_seq, m.dimension, {version}
  from conversation c
  join embedding_model m on m.state = 'active'
 where c.conversation_id = $1 and not c.erased
""".replace("{version}", VERSION_COLUMNS.strip())


async def load_codes(
    db: "Database",
    conversation_id: ConversationId,
    *,
    most_bytes: int,
    limits: TierLimits = LIMITS,
) -> CodedRoom | None:
    """As it is now. None if all is compared exactly, without a model, and if it would not fit."""
    async with transaction(db) as connection:
        await connection.execute(AS_OF_NOW)
        row = await connection.fetchrow(OUTLINE, conversation_id)
        version = version_of(row) if row is not None else None
        if row is None or version is None or row["passage_count"] <= limits.exact:
            return None
        if row["passage_count"] * (BYTES_OF_FACTS + row["dimension"] * BITS // 4) > most_bytes:
            return None
        mark = row["last_seq"] - VECTOR_TAIL  # what comes below it raises the version
        seqs = [*range(1, mark + 1, max(1, mark // SAMPLED))]
        like = await read_sample(connection, conversation_id, version.model_id, seqs, smoothed=True)
        if len(like) == 0:
            return None
        room = CodedRoom.empty(row["language"], version, mark=mark, like=like)
        for start in range(0, mark, PAGE_MESSAGES):
            end = min(start + PAGE_MESSAGES, mark)
            page = await _page(connection, conversation_id, version.model_id, start, end)
            if page is not None:
                room = room.extended(page)
            await asyncio.sleep(0)
        return room


PAGE: Final = """
select array_send(array_agg(seq)) as seq,
       array_send(array_agg(created_at)) as created_at,
       array_agg(participant) as participant,
       array_agg(role) as role,
       array_send(array_agg(embedding)) as embedding
  from (select seq, created_at, participant, role, embedding
          from message_embedding
         where conversation_id = $1 and model_id = $2 and smoothed = true
           and seq > $3 and seq <= $4
         order by seq, passage) page
"""


async def _page(
    connection: "Connection", conversation_id: ConversationId, model_id: int, start: int, end: int
) -> Page | None:
    row = await connection.fetchrow(PAGE, conversation_id, model_id, start, end)
    if row is None or row["seq"] is None:
        return None
    return Page(
        columns.integers(row["seq"]),
        columns.integers(row["created_at"]),
        row["participant"],
        row["role"],
        columns.half_vectors(row["embedding"]).astype(np.float32),
    )
