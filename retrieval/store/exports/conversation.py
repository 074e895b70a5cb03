"""A conversation read out in pages; what was stored when it began is in it."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from typing import TYPE_CHECKING

from retrieval.errors import ConversationNotFound
from retrieval.store.exports import pages
from retrieval.wire import (
    ConversationEvent,
    ConversationId,
    ExportedConversation,
    ExportEnd,
    ExportPart,
    ExportRecord,
    Message,
    SavedEdit,
    SavedSession,
    SharedRoom,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Database

_COUNTED: dict[type[ExportRecord], str] = {
    ExportedConversation: "conversations",
    SharedRoom: "rooms",
    Message: "messages",
    SavedEdit: "edits",
    ConversationEvent: "events",
    SavedSession: "sessions",
}


_PAGES: tuple[
    tuple[
        ExportPart,
        Callable[["Database", ConversationId, str | None], AsyncIterator[ExportRecord]],
    ],
    ...,
] = (
    ("conversation", pages.rooms),
    ("messages", pages.messages),
    ("edits", pages.edits),
    ("events", pages.events),
    ("sessions", pages.sessions),
)


async def export_conversation(
    db: "Database",
    *,
    conversation_id: ConversationId,
    parts: Collection[ExportPart],
    participant: str | None = None,
) -> AsyncGenerator[ExportRecord]:
    """Messages as they arrived, events and sessions by time; no transaction stays open.

    With `participant` only what that one said, and what is recorded about them: a session then
    names nobody else. Raises ConversationNotFound, at the latest with the first record.
    """
    row = await db.fetchrow(CONVERSATION, conversation_id)
    if row is None:
        raise ConversationNotFound(conversation_id)
    if "conversation" in parts:
        yield ExportedConversation(**dict(row), participant=participant)
    for part, read in _PAGES:
        if part in parts:
            async for record in read(db, conversation_id, participant):
                yield record


async def with_end(records: AsyncIterator[ExportRecord]) -> AsyncIterator[ExportRecord]:
    """Followed by what they were, counted."""
    counts: Counter[str] = Counter()
    async for record in records:
        counts[_COUNTED[type(record)]] += 1
        yield record
    yield ExportEnd(**counts)


CONVERSATION = """
select conversation_id, room, key, language, created_at
  from conversation
 where conversation_id = $1 and not erased
"""
