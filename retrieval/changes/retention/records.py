"""Events, sessions and traces of turns that are older than a time, batch by batch."""

from datetime import datetime
from typing import TYPE_CHECKING, LiteralString

from retrieval.database.command_tag import affected_rows
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

BATCH_ROWS = 1_000

EVENTS: LiteralString = """
delete from conversation_event
 where conversation_id = $1
   and event_id = any(array(
       select event_id
         from conversation_event
        where conversation_id = $1 and created_at < $2
        order by created_at
        limit $3))
"""

# One that goes on is as old as its last report.
SESSIONS: LiteralString = """
delete from session
 where conversation_id = $1
   and session_id = any(array(
       select session_id
         from session
        where conversation_id = $1 and coalesce(ended_at, updated_at) < $2
        limit $3))
"""


TRACES: LiteralString = """
delete from turn_trace
 where conversation_id = $1
   and question_id = any(array(
       select question_id
         from turn_trace
        where conversation_id = $1 and asked_at < $2
        order by asked_at
        limit $3))
"""


async def expire_rows(
    db: "Database",
    statement: LiteralString,
    conversation_id: ConversationId,
    *,
    before: datetime,
    batch_rows: int = BATCH_ROWS,
) -> int:
    """How many were deleted; less than `batch_rows`: none is left."""
    return affected_rows(await db.execute(statement, conversation_id, before, batch_rows))
