"""Lines of an export that are not messages: whose they are, what else is recorded, the end."""

from dataclasses import dataclass

from pydantic import ValidationError

from longroom.transfer.formats.format import Record
from longroom.transfer.formats.jsonl import record_of
from longroom.transfer.source import Source
from retrieval.wire import (
    EXPORT_KINDS,
    ConversationEvent,
    ExportedConversation,
    ExportEnd,
    SavedEdit,
    SavedSession,
    SharedRoom,
)


@dataclass(frozen=True)
class ReadRecord:
    """What is stored beside the messages."""

    line: int
    raw: bytes
    record: SharedRoom | SavedEdit | ConversationEvent | SavedSession
    place: str | None = None
    words: int = 0

    @property
    def id(self) -> str:
        match self.record:
            case SharedRoom():
                return self.record.name
            case SavedEdit():
                return self.record.message_id
            case _:
                return self.record.id


@dataclass(frozen=True)
class ReadMark:
    """What is about the lines that follow, or about all of them."""

    line: int
    raw: bytes
    mark: ExportedConversation | ExportEnd


def read_record(record: Record) -> ReadRecord | ReadMark | None:
    """None if it is to be a message. Raises ValidationError."""
    if len(record.fields) != 1:
        return None
    [(kind, fields)] = record.fields.items()
    if kind not in EXPORT_KINDS or not isinstance(fields, dict):
        return None
    found = EXPORT_KINDS[kind].model_validate(fields)
    if isinstance(found, ExportedConversation | ExportEnd):
        return ReadMark(record.line, record.raw, found)
    return ReadRecord(record.line, record.raw, found, record.place)


def first_header(source: Source) -> ExportedConversation | None:
    """Of a file that begins like an export; without reading it."""
    first = source.head.lstrip().partition("\n")[0]
    record = record_of(first.encode(), number=1)
    try:
        found = read_record(record) if isinstance(record, Record) else None
    except ValidationError:
        return None
    if isinstance(found, ReadMark) and isinstance(found.mark, ExportedConversation):
        return found.mark
    return None
