"""Checks a record of an import file: a message, or the reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, ValidationError

from longroom.transfer.formats.format import Record, Rejected
from longroom.transfer.reading.derived_ids import DerivedIds
from longroom.transfer.reading.local_times import LocalTimes
from longroom.transfer.reasons import reason
from longroom.transfer.records import ReadMark, ReadRecord, read_record
from retrieval.wire import (
    Content,
    Count,
    GivenId,
    GivenMetadata,
    ImportedMessage,
    Name,
    Role,
    Timestamp,
    counted_words,
)

REPLY_TO = "reply_to"
"""Key in metadata: the id of the message that one answers."""

MAX_ID_CHARS = 128


@dataclass(frozen=True)
class Read:
    """A message and its line, counted from 1."""

    line: int
    raw: bytes
    message: ImportedMessage
    place: str | None = None

    @property
    def where(self) -> str:
        return self.place or f"line {self.line}"

    @property
    def id(self) -> str:
        return self.message.id

    @property
    def words(self) -> int:
        return counted_words(self.message.content)


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: GivenId | None = None
    participant: Name
    role: Role
    created_at: Timestamp
    content: Content
    interrupted: bool = False
    metadata: GivenMetadata = {}
    reply_to: GivenId | None = None
    seq: int | None = None
    """Of the backend's own export; a room numbers its messages itself."""
    epoch: Count | None = None
    room: Name | None = None
    edited_at: Timestamp | None = None


_OPTIONAL = frozenset(name for name, each in _Line.model_fields.items() if not each.is_required())


@dataclass
class LineReader:
    """For one file, read from its beginning."""

    ignore_unknown: bool = False
    assistants: frozenset[str] = frozenset()
    """Participants, in lower case, whose role is "assistant"; then others need no role."""
    times: LocalTimes = field(default_factory=lambda: LocalTimes(None))
    ids: DerivedIds = field(default_factory=DerivedIds)
    met: set[str] = field(default_factory=set)
    """Those of `assistants` that have said something."""

    def read(self, record: Record) -> Read | ReadRecord | ReadMark | Rejected:
        try:
            if (other := read_record(record)) is not None:
                return other
            message = self._message(self._fields(record.fields))
        except ValidationError as error:
            reasons = "; ".join(map(reason, error.errors()))
            return Rejected(record.line, record.raw, reasons, record.place)
        return Read(record.line, record.raw, message, record.place)

    def _fields(self, written: Mapping[str, object]) -> dict[str, object]:
        fields = {
            name: value
            for name, value in written.items()
            if not (value is None and name in _OPTIONAL)
            and (not self.ignore_unknown or name in _Line.model_fields)
        }
        if "created_at" in fields:
            fields["created_at"] = self.times.aware(fields["created_at"])
        if self.assistants and fields.get("role", "user") == "user":
            fields["role"] = self._role(fields.get("participant"))
        return fields

    def _role(self, participant: object) -> str:
        name = participant.strip().lower() if isinstance(participant, str) else ""
        if name not in self.assistants:
            return "user"
        self.met.add(name)
        return "assistant"

    def _message(self, fields: dict[str, object]) -> ImportedMessage:
        line = _Line.model_validate(fields)
        message_id = line.id or self.ids.next(
            created_at=line.created_at,
            role=line.role,
            participant=line.participant,
            content=line.content,
        )
        # Not validated again: each field has its type here, too.
        message = ImportedMessage.model_construct(
            id=message_id,
            role=line.role,
            participant=line.participant,
            content=line.content,
            created_at=line.created_at,
            interrupted=line.interrupted,
            metadata=line.metadata,
            epoch=line.epoch,
            room=line.room,
            edited_at=line.edited_at,
        )
        if line.reply_to is None:
            return message
        metadata = line.metadata | {REPLY_TO: line.reply_to}
        return ImportedMessage.model_validate({**dict(message), "metadata": metadata})
