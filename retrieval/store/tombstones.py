"""What must not come back: hashes of what was erased, looked up before anything is stored."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from retrieval.wire import ConversationEvent, ConversationId, Message, MessageCreate, erased_id

if TYPE_CHECKING:
    from retrieval.database.connection import Database

EVERYWHERE = UUID(int=0)
"""Stands for all conversations in the hash of an identity that was erased in each."""

ERASED = """
select array(select id_sha256
               from erased_message
              where conversation_id = $1 and id_sha256 = any($2)) as messages,
       array(select identity_sha256
               from erased_participant
              where conversation_id = $1 and identity_sha256 = any($3)
              order by identity_sha256) as here,
       array(select before
               from erased_participant
              where conversation_id = $1 and identity_sha256 = any($3)
              order by identity_sha256) as here_before,
       array(select identity_sha256
               from erased_everywhere
              where identity_sha256 = any($4)
              order by identity_sha256) as everywhere,
       array(select before
               from erased_everywhere
              where identity_sha256 = any($4)
              order by identity_sha256) as everywhere_before
"""


class Tombstones:
    """Of one conversation, as far as the ids and identities go that were asked for."""

    def __init__(
        self,
        conversation_id: ConversationId,
        messages: Iterable[str],
        befores: dict[str, datetime],
    ) -> None:
        self._conversation_id = conversation_id
        self._messages = frozenset(messages)
        self._befores = befores

    def has_message(self, message_id: str) -> bool:
        return erased_id(self._conversation_id, message_id) in self._messages

    def erased_before(self, participant: str) -> datetime | None:
        """None if nothing that they said was erased with them."""
        hashes = _hashes(self._conversation_id, participant)
        return max((self._befores[one] for one in hashes if one in self._befores), default=None)

    def has_said(self, participant: str, at: datetime) -> bool:
        before = self.erased_before(participant)
        return before is not None and at <= before


async def read_tombstones(
    db: "Database",
    conversation_id: ConversationId,
    *,
    ids: Iterable[str] = (),
    participants: Iterable[str] = (),
) -> Tombstones:
    wanted, people = sorted(set(ids)), sorted(set(participants))
    if not wanted and not people:
        return Tombstones(conversation_id, [], {})
    row = await db.fetchrow(
        ERASED,
        conversation_id,
        [erased_id(conversation_id, one) for one in wanted],
        [erased_id(conversation_id, one) for one in people],
        [erased_id(EVERYWHERE, one) for one in people],
    )
    assert row is not None  # noqa: S101 - arrays always make one row
    hashes = [*row["here"], *row["everywhere"]]
    befores = [*row["here_before"], *row["everywhere_before"]]
    return Tombstones(conversation_id, row["messages"], dict(zip(hashes, befores, strict=True)))


def erased_of(
    tombstones: Tombstones,
    sent: Sequence[MessageCreate],
    received: Sequence[MessageCreate],
) -> list[str]:
    """Ids, as they were sent, of messages that were erased, themselves or with who said them."""
    return [
        one.id
        for one, kept in zip(sent, received, strict=True)
        if tombstones.has_message(one.id)
        or tombstones.has_message(kept.id)
        or tombstones.has_said(kept.participant, kept.created_at)
    ]


def still_valid(
    tombstones: Tombstones, events: Sequence[ConversationEvent]
) -> list[ConversationEvent]:
    """Those not about what was erased."""
    return [
        event
        for event in events
        if not (event.participant and tombstones.has_said(event.participant, event.created_at))
        and not any(tombstones.has_message(one) for one in ids_about(event))
    ]


def ids_about(event: ConversationEvent) -> list[str]:
    """Under which an event may be erased: its own, and those of the messages that it names."""
    return [event_key(event.id), *message_ids(event)]


def event_key(event_id: str) -> str:
    """In place of a message's id."""
    return f"event\n{event_id}"


def message_ids(event: ConversationEvent) -> list[str]:
    """That an event of ours names."""
    listed = event.data.get("message_ids")
    named = [event.data.get("question_id"), event.data.get("asked_again")]
    return [
        one
        for one in (*named, *(listed if isinstance(listed, list) else []))
        if isinstance(one, str)
    ]


def ids_of(messages: Iterable[Message | MessageCreate]) -> list[str]:
    return [message.id for message in messages]


IS_ERASED = """
select exists (select from erased_conversation where conversation_id = $1)
"""


async def is_erased(db: "Database", conversation_id: UUID) -> bool:
    """A conversation, as a whole."""
    erased: bool = await db.fetchval(IS_ERASED, conversation_id)
    return erased


def _hashes(conversation_id: ConversationId, participant: str) -> tuple[str, str]:
    return erased_id(conversation_id, participant), erased_id(EVERYWHERE, participant)
