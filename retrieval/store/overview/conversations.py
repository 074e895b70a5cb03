"""A page of conversations, and all figures of one."""

from typing import TYPE_CHECKING

from retrieval.errors import ConversationNotFound
from retrieval.store.overview.activity import FIRST, ActivityPlace, RoomFilter, active_conversations
from retrieval.store.overview.figures import read_figures
from retrieval.wire import (
    ConversationFigures,
    ConversationId,
    ConversationOverview,
    ConversationsPage,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Database


async def conversations_page(
    db: "Database",
    *,
    model_id: int,
    limit: int,
    after: ActivityPlace | None = None,
    only: RoomFilter | None = None,
) -> ConversationsPage:
    """Lately active ones first. `db` sees all conversations."""
    active, following = await active_conversations(
        db, after=after or FIRST, only=only or RoomFilter(), limit=limit
    )
    figures = await read_figures(db, active, model_id=model_id)
    return ConversationsPage(
        conversations=[ConversationFigures(**fields) for fields in figures.values()],
        next=None if following is None else str(following),
    )


CONVERSATION = """
select conversation_id, room, key, language, created_at, active_at, newest_at, message_count,
       last_seq, revision, in_order,
       (select min(created_at) from message where message.conversation_id = $1) as first_at,
       (select count(*)
          from (select distinct identity
                  from participant_name
                 where participant_name.conversation_id = $1) people) as participants,
       (select count(*) from session where session.conversation_id = $1) as sessions,
       (select count(*)
          from conversation_event
         where conversation_event.conversation_id = $1) as events
  from conversation
 where conversation_id = $1 and not erased
"""

ROOMS = """
select name from room where conversation_id = $1 order by name limit 100
"""


async def conversation_overview(
    db: "Database", *, conversation_id: ConversationId, model_id: int
) -> ConversationOverview:
    """Raises ConversationNotFound."""
    row = await db.fetchrow(CONVERSATION, conversation_id)
    if row is None:
        raise ConversationNotFound(conversation_id)
    figures = await read_figures(db, [row], model_id=model_id, counted=None)
    if conversation_id not in figures:
        raise ConversationNotFound(conversation_id)
    rooms = await db.fetch(ROOMS, conversation_id)
    return ConversationOverview(
        **figures[conversation_id],
        language=row["language"],
        rooms=[room["name"] for room in rooms],
        participants=row["participants"],
        sessions=row["sessions"],
        events=row["events"],
        first_message_at=row["first_at"],
        last_seq=row["last_seq"],
        revision=row["revision"],
        in_order=row["in_order"],
    )
