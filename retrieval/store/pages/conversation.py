"""What the pages of one conversation show above everything else, and messages by their ids."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from retrieval.errors import ConversationNotFound
from retrieval.store.stored_before import message_of
from retrieval.wire import ConversationId, Message

if TYPE_CHECKING:
    from retrieval.database.connection import Database


@dataclass(frozen=True)
class Heading:
    """`name` is the room's, or the key that rooms share it by."""

    conversation_id: ConversationId
    name: str
    is_key: bool
    message_count: int
    last_seq: int
    created_at: datetime
    newest_at: datetime | None


HEADING = """
select coalesce(room, key) as name, room is null as is_key, message_count, last_seq, created_at,
       newest_at
  from conversation
 where conversation_id = $1 and not erased
"""


async def heading(db: "Database", conversation_id: ConversationId) -> Heading:
    """Raises ConversationNotFound."""
    row = await db.fetchrow(HEADING, conversation_id)
    if row is None:
        raise ConversationNotFound(conversation_id)
    return Heading(conversation_id, **dict(row))


MESSAGES = """
select seq, message_id, role, participant, content, created_at, interrupted, metadata,
       late_epoch, room, edited_at
  from message
 where conversation_id = $1 and message_id = any($2)
"""


async def messages_by_id(
    db: "Database", conversation_id: ConversationId, message_ids: Iterable[str]
) -> dict[str, Message]:
    """Those that exist."""
    rows = await db.fetch(MESSAGES, conversation_id, list(message_ids))
    return {row["message_id"]: message_of(row) for row in rows}


PARTICIPANTS = """
select distinct identity
  from participant_name
 where conversation_id = $1
 order by identity
 limit $2
"""


async def participants(
    db: "Database", conversation_id: ConversationId, *, limit: int = 200
) -> list[str]:
    return [row["identity"] for row in await db.fetch(PARTICIPANTS, conversation_id, limit)]
