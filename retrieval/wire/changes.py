"""What was erased and corrected in a conversation, for all who keep parts of it."""

from datetime import datetime
from hashlib import sha256
from typing import Literal
from uuid import UUID

from pydantic import Field, JsonValue

from retrieval.wire.base import Request, Response
from retrieval.wire.json_objects import GivenMetadata
from retrieval.wire.messages import Message
from retrieval.wire.text import Content

CHANGED_TOPIC = "longroom.changed"
"""LiveKit topic on which the rooms of a conversation are told its new revision, as a `Changed`."""
MAX_CHANGES = 1_000

ChangeKind = Literal["erased", "corrected", "participant_erased", "expired"]
ErasureKind = Literal["message", "participant", "conversation"]


def erased_id(conversation_id: UUID, text: str) -> str:
    """How an erased message's id, or an erased participant's identity, is remembered."""
    return sha256(f"{conversation_id}\n{text}".encode()).hexdigest()


def _is_none(value: object) -> bool:
    return value is None


class Changed(Response):
    """Payload on CHANGED_TOPIC, without any text."""

    conversation_id: UUID
    revision: int


class Change(Response):
    """`erased`: the message of `id_sha256`, at `seq`. `corrected`: `message` is how it reads now.

    `participant_erased`: all that the participant of `identity_sha256` said up to `before`.
    `expired`: all that was said before `before`, which retention has removed.
    Both are hashes as `erased_id` makes them.
    """

    revision: int
    kind: ChangeKind
    seq: int | None = Field(default=None, exclude_if=_is_none)
    id_sha256: str | None = Field(default=None, exclude_if=_is_none)
    message: Message | None = Field(default=None, exclude_if=_is_none)
    identity_sha256: str | None = Field(default=None, exclude_if=_is_none)
    before: datetime | None = Field(default=None, exclude_if=_is_none)


class Changes(Response):
    """Oldest first. `revision` is the conversation's; with `more`, ask again after the last one's.

    A message that was corrected twice stands there once, as it reads now.
    """

    revision: int
    changes: list[Change]
    more: bool = False


class CorrectMessage(Request):
    """What a message should have said. Without `metadata` it keeps what it has."""

    content: Content
    metadata: GivenMetadata | None = None


class MessageEdit(Response):
    """How a message read until `replaced_at`."""

    content: str
    metadata: dict[str, JsonValue] = {}
    replaced_at: datetime


class MessageEdits(Response):
    """Oldest first; empty where earlier versions are not kept."""

    edits: list[MessageEdit]


class ErasureReceipt(Response):
    """What an erasure removed; no text, no id of a message, no name.

    `rows` counts by table what was deleted, or would be if it is a dry run. `erased_at` is the
    time up to which a participant is erased.
    """

    erasure_id: UUID
    kind: ErasureKind
    erased_at: datetime
    dry_run: bool = False
    complete: bool = True
    """False: it was begun, and nothing of it comes back; ask again, and the rest is erased."""
    conversations: list[UUID] = []
    rows: dict[str, int] = {}
