"""Sessions of a conversation, a page at a time."""

from typing import TYPE_CHECKING

from retrieval.store.conversations import check_known
from retrieval.store.sessions import session_of
from retrieval.store.time_place import TimePlace
from retrieval.wire import ConversationId, SessionsPage

if TYPE_CHECKING:
    from retrieval.database.connection import Database

SESSIONS = """
select session_id as id, agent_identity, started_at, ended_at, message_count, participants, usage,
       close_reason
  from session
 where conversation_id = $1
   and ($2::timestamptz is null
        or started_at <= $2 and (started_at, session_id) < ($2, $3::text))
 order by started_at desc, session_id desc
 limit $4
"""


async def sessions_page(
    db: "Database",
    *,
    conversation_id: ConversationId,
    limit: int,
    after: TimePlace | None = None,
) -> SessionsPage:
    """Those begun last first. Raises ConversationNotFound."""
    await check_known(db, conversation_id)
    rows = await db.fetch(
        SESSIONS,
        conversation_id,
        after and after.at,
        after and after.id,
        limit + 1,
    )
    page = rows[:limit]
    last = TimePlace(page[-1]["started_at"], page[-1]["id"]) if rows[limit:] else None
    return SessionsPage(
        sessions=[session_of(row) for row in page], next=None if last is None else str(last)
    )
