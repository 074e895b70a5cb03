"""Lines of an export, and what an import sends of them.

A message is a line by itself, as `Message`; every other line is an object with one key, its kind.
"""

from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import Field, model_validator

from retrieval.wire.base import Flag, Moment, Request, Response, Timestamp
from retrieval.wire.json_objects import GivenMetadata
from retrieval.wire.languages import Language
from retrieval.wire.messages import MAX_BATCH_MESSAGES, AppendOutcome, Message, MessageCreate
from retrieval.wire.records import (
    MAX_BATCH_EVENTS,
    ConversationEvent,
    SessionFigures,
)
from retrieval.wire.text import Content, GivenId, Name

MAX_BATCH_SESSIONS = 500
MAX_BATCH_ROOMS = 500

ExportPart = Literal["conversation", "messages", "edits", "events", "sessions"]
"""`conversation`: what it is called, which rooms share it, and a last line that tells the end."""


def _is_none(value: object) -> bool:
    return value is None


class ExportedConversation(Response):
    """First line of a conversation: `room` or `key` names it, as who made it did.

    `participant`: the one whom the lines that follow are about, if they are not all that there is.
    """

    conversation_id: UUID
    room: str | None = None
    key: str | None = None
    language: str
    created_at: datetime
    participant: str | None = None


class SharedRoom(Request):
    """A room that has the conversation of a key."""

    name: Name
    created_at: Timestamp


class SavedEdit(Request):
    """How a message read until `replaced_at`."""

    message_id: GivenId
    content: Content
    metadata: GivenMetadata = {}
    replaced_at: Timestamp


class SavedSession(SessionFigures):
    """One agent session of the conversation; no message text."""

    id: Name


class ExportEnd(Response):
    """Last line: without it the file was cut off."""

    conversations: int = 0
    rooms: int = 0
    messages: int = 0
    edits: int = 0
    events: int = 0
    sessions: int = 0


ExportRecord: TypeAlias = (
    ExportedConversation
    | SharedRoom
    | Message
    | SavedEdit
    | ConversationEvent
    | SavedSession
    | ExportEnd
)
EXPORT_KINDS: dict[
    str,
    type[ExportedConversation]
    | type[SharedRoom]
    | type[SavedEdit]
    | type[ConversationEvent]
    | type[SavedSession]
    | type[ExportEnd],
] = {
    "conversation": ExportedConversation,
    "room": SharedRoom,
    "edit": SavedEdit,
    "event": ConversationEvent,
    "session": SavedSession,
    "end": ExportEnd,
}
_KIND_OF = {record: kind for kind, record in EXPORT_KINDS.items()}


def export_line(record: ExportRecord) -> str:
    if isinstance(record, Message):
        return record.model_dump_json() + "\n"
    fields = record.model_dump_json(exclude_none=True)
    return f'{{"{_KIND_OF[type(record)]}":{fields}}}\n'


class ImportConversation(Request):
    """The conversation of a room or of a key, made if there is none. `created_at`: when it began,
    if that is earlier than what is stored.

    `conversation_id` is that of the export: if this backend has that conversation, it is this one.
    """

    conversation_id: UUID | None = None
    room: Name | None = None
    key: Name | None = None
    language: Language | None = None
    """Text search language of a new conversation; an existing one keeps its own."""
    as_copy: Flag = False
    """Never that of the export itself; but nothing is made of one that was erased."""
    created_at: Timestamp | None = None

    @model_validator(mode="after")
    def _room_or_key(self) -> Self:
        if (self.room is None) == (self.key is None):
            raise ValueError("name the conversation by either room or key")
        return self


class ImportedConversation(Response):
    conversation_id: UUID
    created: bool


class ImportedMessage(MessageCreate):
    """`epoch` is the mark of a late message, and kept as it is."""

    edited_at: Moment | None = Field(default=None, exclude_if=_is_none)
    """When it was corrected, the last time."""


class ImportRecords(Request):
    """Parts of an export. `origin` is the conversation that they were exported from, if it is
    another one: what was erased there is not stored here.
    """

    origin: UUID | None = None
    messages: Annotated[list[ImportedMessage], Field(max_length=MAX_BATCH_MESSAGES)] = []
    edits: Annotated[list[SavedEdit], Field(max_length=MAX_BATCH_MESSAGES)] = []
    events: Annotated[list[ConversationEvent], Field(max_length=MAX_BATCH_EVENTS)] = []
    sessions: Annotated[list[SavedSession], Field(max_length=MAX_BATCH_SESSIONS)] = []
    rooms: Annotated[list[SharedRoom], Field(max_length=MAX_BATCH_ROOMS)] = []


class ImportedRecords(Response):
    """One outcome per message, in the order of the batch; of the others, how many were new."""

    outcomes: list[AppendOutcome] = []
    edits: int = 0
    events: int = 0
    sessions: int = 0
    rooms: int = 0
