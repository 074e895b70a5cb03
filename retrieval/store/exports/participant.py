"""What all conversations have of one participant."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, get_args

from retrieval.errors import ConversationNotFound
from retrieval.store.exports.conversation import export_conversation
from retrieval.wire import ConversationId, ExportPart, ExportRecord

if TYPE_CHECKING:
    from retrieval.database.connection import Database

ALL_PARTS: tuple[ExportPart, ...] = get_args(ExportPart)


async def export_participant(
    db: "Database", *, identity: str, seeing: "Callable[[ConversationId], Database]"
) -> AsyncIterator[ExportRecord]:
    """`db` sees all conversations, `seeing` gives one that sees the conversation."""
    for conversation_id in await conversations_of(db, identity):
        records = export_conversation(
            seeing(conversation_id),
            conversation_id=conversation_id,
            parts=ALL_PARTS,
            participant=identity,
        )
        async with aclosing(records):
            try:
                async for record in records:
                    yield record
            except ConversationNotFound:
                continue  # it has just been erased


CONVERSATIONS_OF = """
select conversation_id from participant_name where identity = $1
union
select conversation_id from conversation_event where participant = $1
union
select conversation_id from session where agent_identity = $1 or $1 = any(participants)
 order by conversation_id
"""


async def conversations_of(db: "Database", identity: str) -> list[ConversationId]:
    rows = await db.fetch(CONVERSATIONS_OF, identity)
    return [ConversationId(row["conversation_id"]) for row in rows]
