"""Sends one batch of the outbox to the backend, and finds the entries that it refuses."""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from pydantic import ValidationError

from agent.backend_client import BackendClient
from agent.errors import BackendRejected
from agent.outbox.store import Entry, Stream
from retrieval.wire import ConversationEvent, FieldError, MessageCreate, Request, SessionSummary

T = TypeVar("T")

_ABOUT_CONTENT = {400, 409, 413, 422}
_WIRE_TYPES: dict[Stream, type[Request]] = {
    "message": MessageCreate,
    "event": ConversationEvent,
    "session": SessionSummary,
}
_INDEX = re.compile(r"(?:messages|events)\W+(\d+)")


async def deliver(client: BackendClient, conversation_id: UUID, batch: Sequence[Entry]) -> None:
    """One stream, all or nothing. Raises BackendError."""
    match batch[0].stream:
        case "message":
            messages = [MessageCreate.model_validate_json(entry.body) for entry in batch]
            await client.save_conversation_turn(conversation_id, messages)
        case "event":
            events = [ConversationEvent.model_validate_json(entry.body) for entry in batch]
            await client.record_events(conversation_id, events)
        case "session":
            for entry in batch:
                await client.save_session(entry.id, SessionSummary.model_validate_json(entry.body))


def refused_items(
    rejection: BackendRejected, batch: Sequence[T], *, id_of: Callable[[T], str]
) -> list[tuple[T, str]]:
    """The refused items with reasons; none if the backend named none: a half tells more.

    Raises the rejection if it is about the request, such as a wrong key.
    """
    if rejection.status not in _ABOUT_CONTENT:
        raise rejection
    if len(batch) == 1:
        return [(batch[0], str(rejection))]
    problem = rejection.problem
    named = {_index(error) for error in problem.errors}
    return [
        (item, _reason(rejection, n))
        for n, item in enumerate(batch)
        if n in named or id_of(item) in problem.ids
    ]


def _index(error: FieldError) -> int | None:
    found = _INDEX.search(error.field)
    return int(found[1]) if found else None


def _reason(rejection: BackendRejected, n: int) -> str:
    errors = [error for error in rejection.problem.errors if _index(error) in {None, n}]
    own = rejection.problem.model_copy(update={"errors": errors})
    return str(BackendRejected(rejection.status, own))


def unreadable(batch: Sequence[Entry]) -> list[Entry]:
    """Entries of an older program whose body is no longer valid."""
    return [entry for entry in batch if not _readable(entry)]


def _readable(entry: Entry) -> bool:
    try:
        _WIRE_TYPES[entry.stream].model_validate_json(entry.body)
    except ValidationError:
        return False
    return True
