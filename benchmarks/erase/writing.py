"""Writes a scene: what is said in it, by one who is to be erased and by a neighbour."""

from benchmarks.erase.canary import KEPT, Canaries
from benchmarks.erase.records import Records
from benchmarks.erase.scene import (
    EDITS,
    EXPORT,
    FILES,
    MESSAGES,
    OF_CONTENT,
    OF_THE_PERSON,
    ROLES,
    TURN,
    WHOLE,
    Clock,
    Scene,
)
from benchmarks.erase.turns import Turns
from longroom.client import LongroomClient
from retrieval.wire import MessageCreate, MessageId, Role

OF_ID = ("table message.message_id", "table turn_trace.mentions", FILES, MESSAGES, TURN)
LONG_REPEATS = 25
BULK_BATCH = 200


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
    clock = Clock()
    writer = _Writer(client, canaries, scene, clock)
    await writer.messages(person, erased=True, old=scene.is_old)
    await writer.messages(neighbour, erased=False, old=False)
    await writer.bulk(person, bulk)
    records = Records(client, canaries, scene, clock)
    await records.events(person, neighbour)
    await records.sessions(person, neighbour)
    turns = Turns(client, canaries, scene, clock)
    if way != "correction":
        await writer.correct(person, erased=True)
    await writer.correct(neighbour, erased=False)
    await turns.write(person, neighbour)
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
    def __init__(
        self, client: LongroomClient, canaries: Canaries, scene: Scene, clock: Clock
    ) -> None:
        self._client = client
        self._canaries = canaries
        self._scene = scene
        self._clock = clock

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
                    created_at=self._clock.moment(old=self._scene.is_old),
                )
                for number in range(first, min(count, first + BULK_BATCH))
            ]
            await self._client.append_messages(self._scene.conversation_id, batch)
            self._scene.said += batch

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
        message = MessageCreate(
            id=MessageId(f"corrected {self._clock.next()}"),
            role="user",
            participant=who,
            content=f"It is said that {before} is here.",
            created_at=self._clock.moment(old=old),
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

        self._clock.next()
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
            id=MessageId(f"id {named('message id', *OF_ID)}"),
            role=role,
            participant=who,
            content=text,
            created_at=self._clock.moment(old=old),
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
