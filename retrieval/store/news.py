"""Whether anything has changed: marks that differ when it has, cheap enough to ask often."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from retrieval.database.connection import Database

# Only what was active lately: what is not has not changed. `active_at` is a minute behind at most.
ALL = """
select concat_ws(' ', count(*), sum(last_seq), sum(revision), max(active_at), sum(turns))
  from (select last_seq, revision, active_at,
               (select count(*) from turn_trace
                 where turn_trace.conversation_id = conversation.conversation_id
                   and asked_at > now() - interval '10 minutes') as turns
          from conversation
         where active_at > now() - interval '12 minutes') as active
"""

EACH = """
select conversation_id,
       concat_ws(' ', last_seq, revision, erased,
                 (select max(ended_at) from turn_trace
                   where turn_trace.conversation_id = conversation.conversation_id
                     and asked_at > now() - interval '10 minutes')) as mark
  from conversation
 where conversation_id = any($1)
"""


async def mark_of_all(db: "Database") -> str:
    mark: str = await db.fetchval(ALL)
    return mark


async def marks_of(db: "Database", conversations: Sequence[UUID]) -> Mapping[UUID, str]:
    """Without those that are gone."""
    if not conversations:
        return {}
    rows = await db.fetch(EACH, list(conversations))
    return {row["conversation_id"]: row["mark"] for row in rows}
