"""Hands one batch of the outbox to the backend, and finds out whom a refusal is about."""

import re
from collections.abc import Sequence
from uuid import UUID

from pydantic import ValidationError

from agent.backend_client import BackendClient
from agent.errors import BackendRejected
from agent.outbox.store import Entry, Stream
from retrieval.wire import ConversationEvent, MessageCreate, Request, SessionSummary

_ABOUT_CONTENT = {400, 409, 413, 422}
_WIRE_TYPES: dict[Stream, type[Request]] = {
    "message": MessageCreate,
    "event": ConversationEvent,
    "session": SessionSummary,
}
_INDEX = re.compile(r"(?:messages|events)\W+(\d+)")


async def deliver(client: BackendClient, conversation_id: UUID, batch: Sequence[Entry]) -> None:
    """Send a batch of one stream. Raises the client's errors; a refused batch is not stored."""
    match batch[0].stream:
        case "message":
            messages = [MessageCreate.model_validate_json(entry.body) for entry in batch]
            await client.append_messages(conversation_id, messages)
        case "event":
            events = [ConversationEvent.model_validate_json(entry.body) for entry in batch]
            await client.record_events(conversation_id, events)
        case "session":
            for entry in batch:
                await client.save_session(entry.id, SessionSummary.model_validate_json(entry.body))


def is_about_content(rejection: BackendRejected) -> bool:
    """Whether the same request will be refused again, whoever sends it and whenever."""
    return rejection.status in _ABOUT_CONTENT


def blamed(rejection: BackendRejected, batch: Sequence[Entry]) -> list[Entry]:
    """The entries that the refusal names, by id or by field; empty if it names none."""
    ids = set(rejection.problem.ids)
    indexes = {
        int(index)
        for error in rejection.problem.errors
        for index in _INDEX.findall(error.field)[:1]
    }
    return [entry for n, entry in enumerate(batch) if entry.id in ids or n in indexes]


def unreadable(batch: Sequence[Entry]) -> list[Entry]:
    """Entries whose body is not of the wire type any more (an older program wrote them)."""
    return [entry for entry in batch if not _readable(entry)]


def _readable(entry: Entry) -> bool:
    try:
        _WIRE_TYPES[entry.stream].model_validate_json(entry.body)
    except ValidationError:
        return False
    return True
