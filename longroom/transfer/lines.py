"""Parses one line of an import file: a message, or the reason why not."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from retrieval.wire import Content, MessageCreate, MessageId, Name, Role

MAX_LINE_BYTES = 1_000_000  # the longest message, each character escaped, with room to spare


@dataclass(frozen=True)
class Read:
    """A message and its line, counted from 1."""

    line: int
    raw: bytes
    message: MessageCreate


@dataclass(frozen=True)
class Rejected:
    """`reason` names the field and what to change."""

    line: int
    raw: bytes
    reason: str


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[MessageId, Field(min_length=1, max_length=128)] | None = None
    participant: Name
    role: Role
    created_at: AwareDatetime
    content: Content
    interrupted: bool = False


def read_line(raw: bytes, *, number: int, ignore_unknown: bool = False) -> Read | Rejected:
    """A missing id is made from content and line number: importing again gives the same ids."""
    if len(raw) > MAX_LINE_BYTES:
        return Rejected(number, raw, f"longer than {MAX_LINE_BYTES:,} bytes; split the message")
    try:
        fields = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return Rejected(number, raw, f"not JSON: {error}")
    if not isinstance(fields, dict):
        return Rejected(number, raw, "not a JSON object; write {…} with the message's fields")
    if ignore_unknown:
        fields = {name: fields[name] for name in _Line.model_fields if name in fields}
    try:
        line = _Line.model_validate(fields)
        message_id = line.id or _derived_id(line, number)
        message = MessageCreate.model_validate(line.model_dump() | {"id": message_id})
    except ValidationError as error:
        return Rejected(number, raw, "; ".join(map(_reason, error.errors())))
    return Read(number, raw, message)


def _derived_id(line: _Line, number: int) -> str:
    parts = [number, line.created_at.isoformat(), line.role, line.participant, line.content]
    return "import-" + hashlib.sha256(orjson.dumps(parts)).hexdigest()[:32]


REMEDIES: dict[str, str] = {
    "missing": "is missing",
    "timezone_aware": "has no time zone; write it as in 2025-01-14T10:20:00Z",
    "extra_forbidden": "is not a field of a message; remove it or import with --ignore-unknown",
    "string_too_long": "is longer than {max_length} characters; shorten or split it",
    "string_too_short": "is empty",
    "literal_error": "must be {expected}",
}


def _reason(error: ErrorDetails) -> str:
    field = ".".join(str(part) for part in error["loc"])
    context: dict[str, Any] = error.get("ctx", {})
    remedy = REMEDIES.get(error["type"])
    said = remedy.format_map(context) if remedy else error["msg"].removeprefix("Value error, ")
    return f"{field}: {said}"
