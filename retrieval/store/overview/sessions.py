"""Sessions of a conversation, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

import orjson

from retrieval.errors import ConversationNotFound
from retrieval.wire import ConversationId, SavedSession, SessionsPage

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record


@dataclass(frozen=True)
class SessionPlace:
    """Of a session in the order of time; as text it is a page's `next`."""

    started_at: datetime
    session_id: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError."""
        moment, _, session_id = text.partition(" ")
        started_at = datetime.fromisoformat(moment)
        if started_at.tzinfo is None or not 2 <= started_at.year <= 9998 or "\x00" in session_id:
            raise ValueError("is no place in a list")
        return cls(started_at, session_id)

    def __str__(self) -> str:
        return f"{self.started_at.isoformat()} {self.session_id}"


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

KNOWN = """
select exists (select from conversation where conversation_id = $1 and not erased)
"""


async def sessions_page(
    db: "Database",
    *,
    conversation_id: ConversationId,
    limit: int,
    after: SessionPlace | None = None,
) -> SessionsPage:
    """Those begun last first. Raises ConversationNotFound."""
    if not await db.fetchval(KNOWN, conversation_id):
        raise ConversationNotFound(conversation_id)
    rows = await db.fetch(
        SESSIONS,
        conversation_id,
        after and after.started_at,
        after and after.session_id,
        limit + 1,
    )
    page = rows[:limit]
    last = SessionPlace(page[-1]["started_at"], page[-1]["id"]) if rows[limit:] else None
    return SessionsPage(
        sessions=[session_of(row) for row in page], next=None if last is None else str(last)
    )


def session_of(row: "Record") -> SavedSession:
    return SavedSession.model_construct(**{**row, "usage": orjson.loads(row["usage"])})
