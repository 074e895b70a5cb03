"""Records beside messages: events and session summaries."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from retrieval.wire.base import Count, Moment, Request, Response, Timestamp
from retrieval.wire.json_objects import Data
from retrieval.wire.text import MAX_NAME_CHARS, TEXT_PATTERN, Name, Text, storable

MAX_BATCH_EVENTS = 500
MAX_PARTICIPANTS = 10_000

EventKind = Literal["transcription", "speech", "error", "action", "metric"]


class ConversationEvent(Request):
    """A record that is not a message. `data` never holds secrets."""

    id: Annotated[
        str,
        Field(min_length=1, max_length=128, json_schema_extra=TEXT_PATTERN),
        AfterValidator(storable),
    ]
    kind: EventKind
    created_at: Timestamp
    participant: Name | None = None
    data: Data = {}


class RecordEvents(Request):
    """A batch of events; ids that are already recorded are skipped."""

    events: Annotated[list[ConversationEvent], Field(min_length=1, max_length=MAX_BATCH_EVENTS)]


class EventsRecorded(Response):
    """`recorded` counts the new events of the batch."""

    recorded: int


class EventList(Response):
    """Oldest first."""

    events: list[ConversationEvent]


class SessionFigures(Request):
    """Of one agent session."""

    agent_identity: Name
    started_at: Moment
    ended_at: Moment | None = None
    message_count: Count
    participants: Annotated[list[Name], Field(max_length=MAX_PARTICIPANTS)] = []
    usage: Data = {}
    close_reason: Annotated[Text, Field(max_length=MAX_NAME_CHARS)] | None = None


class SessionSummary(SessionFigures):
    """Figures of one agent session; no message text."""

    conversation_id: UUID
