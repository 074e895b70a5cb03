"""Binary codes of a large conversation's context vectors, written in short steps."""

from typing import TYPE_CHECKING

from retrieval.embeddings.rows import locked_conversation
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

MESSAGES_AT_ONCE = 2500  # about 50 ms, during which the conversation's writers wait


async def extend_codes(db: "Database", conversation_id: ConversationId, *, model_id: int) -> int:
    """Take one step; returns the seq up to which codes are complete, unchanged if nothing is left.

    Stops at the first message without a context vector. Rows stored later below that seq get
    their codes in `store_context_vectors`.
    """
    # `store_context_vectors` holds the same lock: it sees the new end, or its rows are seen here.
    async with locked_conversation(db, conversation_id) as connection:
        coded_to: int = await connection.fetchval(CODED_TO, conversation_id, model_id) or 0
        end = await _complete_to(connection, conversation_id, model_id, after=coded_to)
        if end > coded_to:
            await connection.execute(ADD_CODES, conversation_id, model_id, coded_to, end)
            await connection.execute(ADVANCE, conversation_id, model_id, end)
    return max(end, coded_to)


CODED_TO = """
select coded_to from prepared_part where conversation_id = $1 and model_id = $2
"""

# The scalar subquery keeps the planner from making it a join when its statistics are stale.
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
          from message_embedding own
         where conversation_id = $1 and model_id = $2 and smoothed = false
           and seq > $3::bigint and seq <= $3::bigint + $4::bigint
           and (select true
                  from message_embedding context
                 where context.conversation_id = $1 and context.model_id = $2
                   and context.smoothed = true and context.seq = own.seq
                   and context.passage = own.passage) is null))
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
