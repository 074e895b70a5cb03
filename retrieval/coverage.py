"""How much of the history has its embeddings: counted, not estimated."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.connection import Database


@dataclass(frozen=True)
class Coverage:
    """Messages in all conversations together, for one model.

    `smoothed` lags behind `embedded` by the newest message of each lively conversation. `failed`
    messages were given up with a reason; `missing` counts them too.
    """

    messages: int
    embedded: int
    smoothed: int
    failed: int

    @property
    def missing(self) -> int:
        return self.messages - self.embedded


COVERAGE = """
select count(*) as messages,
       count(alone.seq) as embedded,
       count(smoothed.seq) as smoothed,
       count(job.seq) as failed
  from message
  left join message_embedding alone
    on alone.conversation_id = message.conversation_id and alone.model_id = $1
   and alone.smoothed = false and alone.seq = message.seq and alone.passage = 0
  left join message_embedding smoothed
    on smoothed.conversation_id = message.conversation_id and smoothed.model_id = $1
   and smoothed.smoothed = true and smoothed.seq = message.seq and smoothed.passage = 0
  left join embedding_job job
    on job.conversation_id = message.conversation_id and job.model_id = $1
   and job.seq = message.seq and job.failure is not null
"""


async def read_coverage(db: "Database", *, model_id: int) -> Coverage:
    """Reads every message's key; seconds for millions of messages."""
    (row,) = await db.fetch(COVERAGE, model_id)
    return Coverage(**dict(row))
