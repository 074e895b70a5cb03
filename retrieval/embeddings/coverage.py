"""How many messages have embeddings, counted exactly."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from retrieval.database.connection import Database


@dataclass(frozen=True)
class Coverage:
    """Of all conversations, for one model; `missing` includes `failed`.

    `smoothed` lags behind `embedded` by the newest message of each active conversation.
    """

    messages: int
    embedded: int
    smoothed: int
    failed: int

    @property
    def missing(self) -> int:
        return self.messages - self.embedded


COVERAGE = """
select messages, embedded, smoothed, failed
  from (select count(*) as messages from message) m,
       (select count(*) filter (where not smoothed) as embedded,
               count(*) filter (where smoothed) as smoothed
          from message_embedding
         where model_id = $1 and passage = 0) e,
       (select count(*) as failed
          from embedding_job
         where model_id = $1 and failure is not null) j
"""


async def read_coverage(db: "Database", *, model_id: int) -> Coverage:
    """Scans the keys of all messages: seconds for millions."""
    (row,) = await db.fetch(COVERAGE, model_id)
    return Coverage(**dict(row))
