"""How many messages of a conversation have embeddings, counted by what waits for one."""

from typing import TYPE_CHECKING

from retrieval.errors import ConversationNotFound
from retrieval.wire import ConversationId, EmbeddingCoverage, EmbeddingFailure

if TYPE_CHECKING:
    from retrieval.database.connection import Database

# A message has an embedding, or a job: the vectors themselves need not be read.
COVERAGE = """
select c.message_count as messages, job.waiting, job.failed,
       coalesce(prepared.coded_to, 0) as coded_to, coalesce(prepared.graph_to, 0) as graph_to
  from conversation c
 cross join lateral (
       select count(*) filter (where failure is null) as waiting,
              count(*) filter (where failure is not null) as failed
         from embedding_job
        where embedding_job.conversation_id = $1 and embedding_job.model_id = $2) job
  left join prepared_part prepared
       on prepared.conversation_id = $1 and prepared.model_id = $2
 where c.conversation_id = $1 and not c.erased
"""

FAILURES = """
select seq, attempts, failure as reason
  from embedding_job
 where conversation_id = $1 and model_id = $2 and failure is not null
 order by seq
 limit $3
"""
LISTED_FAILURES = 20


async def conversation_coverage(
    db: "Database",
    *,
    conversation_id: ConversationId,
    model_id: int,
    model: str,
    in_memory: bool = False,
) -> EmbeddingCoverage:
    """Raises ConversationNotFound."""
    row = await db.fetchrow(COVERAGE, conversation_id, model_id)
    if row is None:
        raise ConversationNotFound(conversation_id)
    failures = (
        await db.fetch(FAILURES, conversation_id, model_id, LISTED_FAILURES)
        if row["failed"]
        else []
    )
    messages = row["messages"]
    embedded = max(0, messages - row["waiting"] - row["failed"])
    return EmbeddingCoverage(
        model=model,
        messages=messages,
        embedded=embedded,
        waiting=row["waiting"],
        failed=row["failed"],
        coverage=embedded / messages if messages else 1.0,
        failures=[EmbeddingFailure(**failure) for failure in failures],
        coded_to=row["coded_to"],
        graph_to=row["graph_to"],
        in_memory=in_memory,
    )
