"""Codes of a large conversation's embeddings, written in short steps beside its daily work."""

from typing import TYPE_CHECKING

from retrieval.embeddings.rows import writing
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

MESSAGES_AT_ONCE = 2500  # some 50 ms, in which nothing is written to the conversation


async def extend_codes(db: "Database", conversation_id: ConversationId, *, model_id: int) -> int:
    """Take one step; returns up to which seq all is coded now, and was before if that is all.

    Goes as far as every message has its smoothed embedding. One that comes after all, as when a
    message that had failed is tried again, gets its code from whoever stores it.
    """
    # Whoever stores embeddings holds the same lock: it sees the new end, or its rows are seen here.
    async with writing(db, conversation_id) as connection:
        coded_to: int = await connection.fetchval(CODED_TO, conversation_id, model_id) or 0
        end = await _complete_to(connection, conversation_id, model_id, after=coded_to)
        if end > coded_to:
            await connection.execute(ADD_CODES, conversation_id, model_id, coded_to, end)
            await connection.execute(ADVANCE, conversation_id, model_id, end)
    return max(end, coded_to)


CODED_TO = """
select coded_to from prepared_part where conversation_id = $1 and model_id = $2
"""

# Of each part the first that is missing; the scalar subquery keeps stale statistics from making a
# join of it.
COMPLETE_TO = """
select least(
       $3::bigint + $4::bigint,
       (select max(seq)
          from message_embedding
         where conversation_id = $1 and model_id = $2 and smoothed = true),
       (select min(seq) - 1
          from embedding_job
         where conversation_id = $1 and model_id = $2 and failure is null),
       (select min(seq) - 1
          from message_embedding alone
         where conversation_id = $1 and model_id = $2 and smoothed = false
           and seq > $3::bigint and seq <= $3::bigint + $4::bigint
           and (select true
                  from message_embedding sealed
                 where sealed.conversation_id = $1 and sealed.model_id = $2
                   and sealed.smoothed = true and sealed.seq = alone.seq
                   and sealed.passage = alone.passage) is null))
"""


async def _complete_to(
    connection: "Connection", conversation_id: ConversationId, model_id: int, *, after: int
) -> int:
    end: int | None = await connection.fetchval(
        COMPLETE_TO, conversation_id, model_id, after, MESSAGES_AT_ONCE
    )
    return end or 0


ADD_CODES = """
insert into message_code (conversation_id, model_id, seq, passage, participant, role, created_at,
                          code)
select conversation_id, model_id, seq, passage, participant, role, created_at,
       binary_quantize(embedding)
  from message_embedding
 where conversation_id = $1 and model_id = $2 and smoothed = true and seq > $3 and seq <= $4
on conflict do nothing
"""

ADVANCE = """
insert into prepared_part (conversation_id, model_id, coded_to) values ($1, $2, $3)
on conflict (conversation_id, model_id) do update set coded_to = excluded.coded_to
"""
