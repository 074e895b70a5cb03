"""What was erased in the conversation that an export is of: it is not to come back in a copy."""

from typing import TYPE_CHECKING

from retrieval.database.in_conversation import seeing
from retrieval.errors import ConversationNotFound, MessagesErased
from retrieval.store.sessions import not_erased
from retrieval.store.tombstones import (
    erased_of,
    ids_about,
    is_erased,
    read_tombstones,
    still_valid,
)
from retrieval.wire import ConversationId, ImportRecords

if TYPE_CHECKING:
    from retrieval.database.connection import Database


async def without_erased(
    db: "Database", conversation_id: ConversationId, records: ImportRecords
) -> ImportRecords:
    """Raises MessagesErased, and ConversationNotFound if all of the origin was erased."""
    if records.origin is None or records.origin == conversation_id:
        return records
    origin = ConversationId(records.origin)
    there = seeing(db, origin)
    if await is_erased(there, origin):
        raise ConversationNotFound(origin)
    named = [one for event in records.events for one in ids_about(event)]
    people = [message.participant for message in records.messages]
    people += [event.participant for event in records.events if event.participant]
    tombstones = await read_tombstones(
        there, origin, ids=[*(each.id for each in records.messages), *named], participants=people
    )
    if erased := erased_of(tombstones, records.messages, records.messages):
        raise MessagesErased(erased)
    sessions = [
        session.model_copy(
            update={"participants": await not_erased(there, origin, session.participants)}
        )
        for session in records.sessions
    ]
    events = still_valid(tombstones, records.events)
    return records.model_copy(update={"events": events, "sessions": sessions})
