"""A conversation that is full of canaries: of one who is to be erased, and of a neighbour."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID

from benchmarks.erase.canary import KEPT, Canaries
from longroom.client import LongroomClient
from retrieval.wire import (
    ConversationEvent,
    EventKind,
    MessageCreate,
    MessageId,
    Role,
    SessionSummary,
)

WAYS = (
    "message",
    "participant",
    "everywhere",
    "conversation",
    "retention",
    "correction",
    "participant, killed",
    "conversation, killed",
)
OF_THE_PERSON = frozenset(WAYS) - {"message", "correction"}
"""Everything of a participant goes, not only what was said."""
OF_THE_SESSION = frozenset({"conversation", "conversation, killed", "retention"})
WHOLE = frozenset({"conversation", "conversation, killed"})
KILLED = frozenset({"participant, killed", "conversation, killed"})
OLD = timedelta(days=100)
ROLES: tuple[Role, ...] = ("user", "assistant", "system", "tool")
LONG_REPEATS = 25
BULK_BATCH = 200

MESSAGES = "GET /conversations/{conversation_id}/messages"
EVENTS = "GET /conversations/{conversation_id}/events"
EXPORT = "GET /conversations/{conversation_id}/export"
EDITS = "GET /conversations/{conversation_id}/messages/{message_id}/edits"
SEARCH = "POST /conversations/{conversation_id}/search"
FILES = "files of the tables"
OF_CONTENT = (
    "table message.content",
    "table message_term.lexeme",
    "table vocabulary.word",
    FILES,
    MESSAGES,
    EXPORT,
    SEARCH,
)


@dataclass
class Scene:
    """`said`: by the one who is to be erased, at `seqs`. `neighbours`: seqs of the other.

    `ids`: of the messages of both. `words`: the canaries.
    """

    way: str
    name: str
    key: str | None
    conversation_id: UUID
    person: str
    said: list[MessageCreate] = field(default_factory=list)
    seqs: list[int] = field(default_factory=list)
    neighbours: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def is_old(self) -> bool:
        return self.way == "retention"


async def write_scene(
    client: LongroomClient, canaries: Canaries, way: str, *, person: str, bulk: int = 0
) -> Scene:
    """`bulk` more messages of the person, so that erasing takes a while."""
    before = len(canaries.all)
    whose = way if way in WHOLE else KEPT
    key, named = None, "table conversation.room"
    if way == "conversation":  # a room of a key, whose own name is in another table
        key = canaries.new("conversation key", whose, "table conversation_key.key", FILES)
        named = "table room.name"
    name = f"{way} {canaries.new('name of a room', whose, named, FILES)}"
    room = await client.create_room(name, conversation=key)
    scene = Scene(way, name, key, room.conversation_id, person)
    neighbour = f"Nora {canaries.new('neighbour', whose, *_of_identity())}"
    writer = _Writer(client, canaries, scene)
    await writer.messages(person, erased=True, old=scene.is_old)
    await writer.messages(neighbour, erased=False, old=False)
    await writer.bulk(person, bulk)
    await writer.events(person, neighbour)
    await writer.sessions(person, neighbour)
    if way != "correction":
        await writer.correct(person, erased=True)
    await writer.correct(neighbour, erased=False)
    scene.words = list(canaries.all)[before:]
    return scene


def new_person(canaries: Canaries, way: str) -> str:
    """A name of two words; one of them a canary if all of the person goes."""
    if way not in OF_THE_PERSON:
        return "Pat Plain"
    return f"Pat {canaries.new('identity', way, *_of_identity())}"


def _of_identity() -> tuple[str, ...]:
    tables = ("message.participant", "participant_name.identity", "participant_name.name")
    return (*(f"table {one}" for one in tables), FILES, MESSAGES, EXPORT)


class _Writer:
    def __init__(self, client: LongroomClient, canaries: Canaries, scene: Scene) -> None:
        self._client = client
        self._canaries = canaries
        self._scene = scene
        self._number = 0
        self._now = datetime.now(UTC)

    async def messages(self, who: str, *, erased: bool, old: bool) -> None:
        """One in each role: short, long, in other letters, and with metadata."""
        batch = [self._message(who, role, erased=erased, old=old) for role in ROLES]
        self._scene.ids += [message.id for message in batch]
        result = await self._client.append_messages(self._scene.conversation_id, batch)
        seqs = [outcome.seq for outcome in result.outcomes]
        if erased:
            self._scene.said += batch
            self._scene.seqs += seqs
        else:
            self._scene.neighbours += seqs

    async def bulk(self, who: str, count: int) -> None:
        if not count:
            return
        word = self._word("message in a crowd", "table message.content", MESSAGES, FILES)
        for first in range(0, count, BULK_BATCH):
            batch = [
                MessageCreate(
                    id=MessageId(f"crowd {number}"),
                    role="user",
                    participant=who,
                    content=f"Number {number} of {word} is here, too.",
                    created_at=self._moment(old=self._scene.is_old),
                )
                for number in range(first, min(count, first + BULK_BATCH))
            ]
            await self._client.append_messages(self._scene.conversation_id, batch)
            self._scene.said += batch

    async def events(self, person: str, neighbour: str) -> None:
        """Of each kind: of the person, of the neighbour who quotes, of the neighbour alone."""
        quoted = self._scene.said[0].content
        of_person = [
            self._event(kind, person, self._word(f"{kind} event", *_of_event()))
            for kind in get_args(EventKind)
            if self._scene.way in OF_THE_PERSON
        ]
        quoting = [
            self._event(kind, neighbour, quoted)
            for kind in get_args(EventKind)
            if kind != "metric" and self._scene.way != "correction"
        ]
        whose = self._scene.way if self._scene.way in WHOLE else KEPT
        alone = [
            self._event(
                kind,
                neighbour,
                self._canaries.new(f"neighbour's {kind} event", whose, *_of_event()),
                old=False,
            )
            for kind in get_args(EventKind)
        ]
        await self._client.record_events(
            self._scene.conversation_id, [*of_person, *quoting, *alone]
        )

    async def sessions(self, person: str, neighbour: str) -> None:
        """One of both, and one of the neighbour."""
        whose = self._scene.way if self._scene.way in OF_THE_SESSION else KEPT
        await self._session(whose, [person, neighbour], old=self._scene.is_old)
        whose = self._scene.way if self._scene.way in WHOLE else KEPT
        await self._session(whose, [neighbour], old=False)

    async def _session(self, whose: str, participants: Sequence[str], *, old: bool) -> None:
        began_at = self._moment(old=old)
        columns = ("session_id", "close_reason", "usage", "agent_identity")
        one, two, three, four = (
            self._canaries.new(f"session's {column}", whose, f"table session.{column}", FILES)
            for column in columns
        )
        summary = SessionSummary(
            conversation_id=self._scene.conversation_id,
            agent_identity=f"agent-{four}",
            started_at=began_at,
            ended_at=began_at,
            message_count=3,
            participants=list(participants),
            usage={"note": three},
            close_reason=f"closed by {two}",
        )
        await self._client.save_session(f"session {one}", summary)

    async def correct(self, who: str, *, erased: bool) -> None:
        """A message whose earlier version is kept."""
        place = "earlier version"
        seen = ("table message_edit.content", "table message_edit.metadata", FILES, EDITS)
        old = self._scene.is_old and erased
        new = self._canaries.new
        whose = self._scene.way if erased or self._scene.way in WHOLE else KEPT
        before, after = (
            new(place, whose, seen[0], *seen[2:]),
            new(f"{place}'s successor", whose, *OF_CONTENT),
        )
        noted = new(f"{place}'s metadata", whose, *seen[1:])
        self._number += 1
        message = MessageCreate(
            id=MessageId(f"corrected {self._number}"),
            role="user",
            participant=who,
            content=f"It is said that {before} is here.",
            created_at=self._moment(old=old),
            metadata={"note": noted},
        )
        conversation_id = self._scene.conversation_id
        self._scene.ids.append(message.id)
        result = await self._client.append_messages(conversation_id, [message])
        await self._client.correct_message(
            conversation_id, message.id, f"It is said that {after} is here.", metadata={}
        )
        if erased:
            self._scene.said.append(message)
            self._scene.seqs.append(result.outcomes[0].seq)

    def _message(self, who: str, role: Role, *, erased: bool, old: bool) -> MessageCreate:
        way = self._scene.way
        whose = way if erased or way in WHOLE else KEPT

        def new(place: str, *seen: str, cyrillic: bool = False) -> str:
            return self._canaries.new(place, whose, *seen, cyrillic=cyrillic)

        self._number += 1
        text = f"It is said that {new(f'message of {role}', *OF_CONTENT)} is here."
        if role == "assistant":
            long = new("long message", *OF_CONTENT)
            # Random words: compressed, none of them would stand in the files as it is.
            text += "".join(
                f" {long} {self._canaries.random.randbytes(50).hex()}" for _ in range(LONG_REPEATS)
            )
        if role == "tool":
            text += " " + new("message in other letters", *OF_CONTENT, cyrillic=True)
        # A corrected message keeps its id and its room.
        named = new if way != "correction" or not erased else self._kept
        in_messages = ("table message.metadata", FILES, MESSAGES, EXPORT)
        return MessageCreate(
            id=MessageId(f"id {named('message id', 'table message.message_id', FILES, MESSAGES)}"),
            role=role,
            participant=who,
            content=text,
            created_at=self._moment(old=old),
            metadata={
                f"key {new('metadata key', *in_messages)}": new("metadata value", *in_messages),
                "other": {"letters": new("metadata in other letters", *in_messages, cyrillic=True)},
            },
            room=f"room {named('room of a message', 'table message.room', FILES, MESSAGES)}",
        )

    def _kept(self, place: str, *seen: str) -> str:
        return self._canaries.new(place, KEPT, *seen)

    def _word(self, place: str, *seen: str) -> str:
        return self._canaries.new(place, self._scene.way, *seen)

    def _event(
        self, kind: EventKind, who: str, word: str, *, old: bool | None = None
    ) -> ConversationEvent:
        self._number += 1
        return ConversationEvent(
            id=f"event {self._number}",
            kind=kind,
            created_at=self._moment(old=self._scene.is_old if old is None else old),
            participant=who,
            data={"text": f"It is said that {word} is here."},
        )

    def _moment(self, *, old: bool) -> datetime:
        """Each a little later than the one before, all within some minutes."""
        began_at = self._now - (OLD if old else timedelta(minutes=9))
        return began_at + timedelta(seconds=self._number / 10)


def _of_event() -> tuple[str, ...]:
    return ("table conversation_event.data", FILES, EVENTS, EXPORT)
