"""What of a batch is stored already: duplicates, originals of corrected messages, and conflicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from retrieval.errors import MessageConflict
from retrieval.store.late_messages import late_answer_id, late_answer_ids
from retrieval.wire import ConversationId, Message, MessageCreate, MessageId, canonical_json

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Record


@dataclass(frozen=True)
class Stored:
    messages: Mapping[str, Message]
    """By id, as they read now."""
    originals: Mapping[tuple[str, str], Message]
    """Those that were corrected, by id and the hash of what was sent first."""


STORED = """
select seq, message_id, role, participant, content, created_at, interrupted, metadata,
       late_epoch, room, edited_at, original_sha256
  from message
 where conversation_id = $1 and message_id = any($2)
"""


async def stored_before(
    connection: "Connection", conversation_id: ConversationId, messages: Sequence[MessageCreate]
) -> Stored:
    # A separate statement: its snapshot is taken after the lock, so it sees the previous append.
    ids = [message.id for message in messages] + late_answer_ids(messages)
    rows = await connection.fetch(STORED, conversation_id, ids)
    return Stored(
        messages={row["message_id"]: message_of(row) for row in rows},
        originals={
            (row["message_id"], row["original_sha256"]): message_of(row)
            for row in rows
            if row["original_sha256"] is not None
        },
    )


def as_corrected(messages: Sequence[MessageCreate], stored: Stored) -> list[MessageCreate]:
    """Who sends again what was sent first sends what it was corrected to: it is a duplicate."""
    if not stored.originals:
        return [*messages]
    return [_as_corrected(message, stored) for message in messages]


def _as_corrected(message: MessageCreate, stored: Stored) -> MessageCreate:
    sent = content_sha256(message.content)
    for message_id in (message.id, late_answer_id(message.id)):
        if (now := stored.originals.get((message_id, sent))) is not None:
            update = {"content": now.content, "metadata": now.metadata}
            return message.model_copy(update=update)
    return message


def as_kept(messages: Sequence[MessageCreate], stored: Stored) -> list[MessageCreate]:
    """Of an export: a message that was corrected later than the export says is a duplicate."""
    return [_as_kept(message, stored.messages.get(message.id)) for message in messages]


def _as_kept(message: MessageCreate, now: Message | None) -> MessageCreate:
    if now is None or now.edited_at is None:
        return message
    edited_at = getattr(message, "edited_at", None)
    if edited_at is not None and edited_at > now.edited_at:
        return message
    return message.model_copy(update={"content": now.content, "metadata": now.metadata})


def fresh_of(messages: Sequence[MessageCreate], stored: Stored) -> dict[str, MessageCreate]:
    """Raises MessageConflict."""
    fresh: dict[str, MessageCreate] = {}
    conflicts: dict[str, None] = {}
    for message in messages:
        other = stored.messages.get(message.id) or fresh.setdefault(message.id, message)
        if other is not message and _content(other) != _content(message):
            conflicts[message.id] = None
    if conflicts:
        raise MessageConflict(list(conflicts))
    return fresh


def content_sha256(content: str) -> str:
    return sha256(content.encode()).hexdigest()


def _content(message: Message | MessageCreate) -> tuple[object, ...]:
    return (
        message.role,
        message.participant,
        message.content,
        message.created_at,
        message.interrupted,
        canonical_json(message.metadata),
    )


def message_of(row: "Record | Mapping[str, Any]") -> Message:
    return Message(
        id=MessageId(row["message_id"]),
        seq=row["seq"],
        role=row["role"],
        participant=row["participant"],
        content=row["content"],
        created_at=row["created_at"],
        interrupted=row["interrupted"],
        metadata=orjson.loads(row["metadata"]),
        epoch=row["late_epoch"],
        room=row["room"],
        edited_at=row["edited_at"],
    )
