"""Lines of an export, as it wrote them, read back for the import."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from retrieval.wire import (
    EXPORT_KINDS,
    ConversationEvent,
    ExportedConversation,
    ExportEnd,
    ImportedMessage,
    ImportRecords,
    SavedEdit,
    SavedSession,
    SharedRoom,
)


@dataclass(frozen=True)
class RefusedLine:
    """`line` counts from 1. `reason` repeats nothing of what stands in it."""

    line: int
    reason: str


@dataclass
class ReadLines:
    """Consecutive lines of one conversation; `conversation` is what its first line names it."""

    conversation: ExportedConversation | None = None
    ended: bool = False
    messages: list[ImportedMessage] = field(default_factory=list)
    edits: list[SavedEdit] = field(default_factory=list)
    events: list[ConversationEvent] = field(default_factory=list)
    sessions: list[SavedSession] = field(default_factory=list)
    rooms: list[SharedRoom] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)

    @property
    def has_records(self) -> bool:
        return any((self.messages, self.edits, self.events, self.sessions, self.rooms))

    def records(self, origin: UUID | None) -> ImportRecords:
        """Raises ValidationError if they are more than one request may have."""
        return ImportRecords(
            origin=origin,
            messages=self.messages,
            edits=self.edits,
            events=self.events,
            sessions=self.sessions,
            rooms=self.rooms,
        )


class SeveralConversations(ValueError):
    """A chunk reaches into the next conversation."""


def read_lines(text: bytes, *, first: int) -> ReadLines:
    """`first` is the number of its first line. Raises SeveralConversations."""
    read = ReadLines()
    seen = False
    for number, line in enumerate(text.splitlines(), start=first):
        if not line.strip():
            continue
        try:
            record = _record(orjson.loads(line))
        except orjson.JSONDecodeError:
            read.refused.append(RefusedLine(number, "is not JSON"))
            continue
        except ValidationError as error:
            read.refused.append(RefusedLine(number, _reason(error)))
            continue
        if isinstance(record, ExportedConversation) and seen:
            raise SeveralConversations
        _take(read, record)
        seen = True
    return read


Record = (
    ExportedConversation
    | SharedRoom
    | SavedEdit
    | ConversationEvent
    | SavedSession
    | ExportEnd
    | ImportedMessage
)


def _record(fields: Any) -> Record:
    if isinstance(fields, dict) and len(fields) == 1:
        [(kind, inner)] = fields.items()
        if kind in EXPORT_KINDS:
            return EXPORT_KINDS[kind].model_validate(inner)
    if isinstance(fields, dict):
        # Its place here follows from when it arrives.
        fields = {name: value for name, value in fields.items() if name != "seq"}
    return ImportedMessage.model_validate(fields)


def _take(read: ReadLines, record: Record) -> None:
    match record:
        case ExportedConversation():
            read.conversation = record
        case ExportEnd():
            read.ended = True
        case SharedRoom():
            read.rooms.append(record)
        case SavedEdit():
            read.edits.append(record)
        case ConversationEvent():
            read.events.append(record)
        case SavedSession():
            read.sessions.append(record)
        case _:
            read.messages.append(record)


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    known = ".".join(str(part) for part in first["loc"] if str(part).isidentifier())
    return f"{known or 'the line'}: {first['msg']}"
