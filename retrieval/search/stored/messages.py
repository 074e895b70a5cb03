"""Reads messages by `seq`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retrieval.store.stored_before import message_of
from retrieval.wire import ConversationId, Message

if TYPE_CHECKING:
    from retrieval.database.connection import Database

MESSAGES = """
select message_id, seq, role, participant, content, created_at, interrupted, metadata,
       late_epoch, room, edited_at
  from message
 where conversation_id = $1 and seq = any($2)
"""


async def read_messages(
    db: "Database", *, conversation_id: ConversationId, seqs: Sequence[int]
) -> dict[int, Message]:
    """By seq; deleted messages are missing."""
    if not seqs:
        return {}
    rows = await db.fetch(MESSAGES, conversation_id, [*seqs])
    return {row["seq"]: message_of(row) for row in rows}
