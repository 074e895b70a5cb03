"""What is kept beside messages: events, session summaries; and how an error is told."""

import json
import math
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, JsonValue

from retrieval.wire.base import Count, Moment, Request, Response
from retrieval.wire.text import MAX_NAME_CHARS, TEXT_PATTERN, Name, Text, storable

MAX_BATCH_EVENTS = 500
MAX_EVENT_DATA_BYTES = 16_384  # also of a session's usage
MAX_DATA_DEPTH = 32
MAX_PARTICIPANTS = 10_000
MAX_DATA_NUMBER = 2**63 - 1
WORKER_ATTRIBUTE = "longroom.worker"
"""An agent joins with this LiveKit attribute: the id under which its worker reports."""
EventKind = Literal["transcription", "speech", "error", "action", "metric"]


def _storable_data(data: dict[str, JsonValue]) -> dict[str, JsonValue]:
    _check_data(data, MAX_DATA_DEPTH)
    size = len(json.dumps(data, ensure_ascii=False).encode())
    if size > MAX_EVENT_DATA_BYTES:
        raise ValueError(f"must have at most {MAX_EVENT_DATA_BYTES} bytes as JSON; send less")
    return data


def _check_data(value: JsonValue, depth: int) -> None:
    if depth == 0:
        raise ValueError(f"must not be nested deeper than {MAX_DATA_DEPTH} levels; flatten it")
    if isinstance(value, dict):
        for key, item in value.items():
            storable(key)
            _check_data(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check_data(item, depth - 1)
    else:
        _check_leaf(value)


def _check_leaf(value: JsonValue) -> None:
    if isinstance(value, str):
        storable(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must not contain NaN or Infinity, which JSON does not know; send null")
    elif isinstance(value, int) and abs(value) > MAX_DATA_NUMBER:
        raise ValueError("must not contain whole numbers beyond 64 bits; send them as text")


Data = Annotated[dict[str, JsonValue], AfterValidator(_storable_data)]


class ConversationEvent(Request):
    """Something worth keeping that is not a message. `data` never holds secrets."""

    id: Annotated[
        str,
        Field(min_length=1, max_length=128, json_schema_extra=TEXT_PATTERN),
        AfterValidator(storable),
    ]
    kind: EventKind
    created_at: Moment
    participant: Name | None = None
    data: Data = {}


class RecordEvents(Request):
    """A batch of events; one already recorded under its id is left as it is."""

    events: Annotated[list[ConversationEvent], Field(min_length=1, max_length=MAX_BATCH_EVENTS)]


class EventsRecorded(Response):
    """How many events of the batch were new."""

    recorded: int


class SessionSummary(Request):
    """One run of the agent in a room: figures, never the messages again."""

    conversation_id: UUID
    agent_identity: Name
    started_at: Moment
    ended_at: Moment | None = None
    message_count: Count
    participants: Annotated[list[Name], Field(max_length=MAX_PARTICIPANTS)] = []
    usage: Data = {}
    close_reason: Annotated[Text, Field(max_length=MAX_NAME_CHARS)] | None = None


class FieldError(Response):
    """One thing wrong with a request: where, what, and how to mend it."""

    field: str
    message: str


class Problem(Response):
    """An error as application/problem+json (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    ids: list[str] = []
    """The message ids that a 409 is about."""
