"""Records beside messages: events and session summaries."""

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
    """A record that is not a message. `data` never holds secrets."""

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
    """A batch of events; ids that are already recorded are skipped."""

    events: Annotated[list[ConversationEvent], Field(min_length=1, max_length=MAX_BATCH_EVENTS)]


class EventsRecorded(Response):
    """`recorded` counts the new events of the batch."""

    recorded: int


class SessionSummary(Request):
    """Figures of one agent session; no message text."""

    conversation_id: UUID
    agent_identity: Name
    started_at: Moment
    ended_at: Moment | None = None
    message_count: Count
    participants: Annotated[list[Name], Field(max_length=MAX_PARTICIPANTS)] = []
    usage: Data = {}
    close_reason: Annotated[Text, Field(max_length=MAX_NAME_CHARS)] | None = None
