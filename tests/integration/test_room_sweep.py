"""What was erased leaves the memory of a backend in which nobody searches that room again."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta

import asyncpg
import pytest

from retrieval.changes.erasure.conversation import erase_conversation
from retrieval.changes.erasure.message import erase_message
from retrieval.changes.erasure.participant import erase_participant
from retrieval.changes.retention.maintenance import Retention
from retrieval.changes.retention.rules import RetentionRule
from retrieval.embeddings.model_registry import ensure_model
from retrieval.search.context import read_context
from retrieval.search.memory.sweep import RoomSweep
from retrieval.search.memory.version import Version
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId
from tests.support.builders import NOON, message

Change = Callable[[asyncpg.Pool, ConversationId], Awaitable[None]]


class Rooms:
    """Of which some were not searched for this many seconds."""

    def __init__(self, versions: Mapping[ConversationId, Version]) -> None:
        self.kept = dict(versions)
        self.unused: dict[ConversationId, float] = {}

    def versions(self) -> Mapping[ConversationId, Version]:
        return self.kept

    def unused_for(self, seconds: float) -> Iterable[ConversationId]:
        return (one for one, unused_s in self.unused.items() if unused_s >= seconds)

    def forget(self, conversation_id: ConversationId) -> None:
        self.kept.pop(conversation_id, None)


@pytest.fixture
async def rooms(db: asyncpg.Pool) -> Rooms:
    await ensure_model(db, name="hash", dimension=64)
    versions = {}
    for name in ("one", "two"):
        room, _ = await create_room(db, name=name)
        said = [message(n, participant=("ana", "ben")[n % 2]) for n in range(1, 9)]
        await append_messages(db, conversation_id=room, messages=said)
        context = await read_context(db, conversation_id=room, query="?")
        assert context.version is not None
        versions[room] = context.version
    return Rooms(versions)


async def erase_one(db: asyncpg.Pool, room: ConversationId) -> None:
    await erase_message(db, conversation_id=room, message_id="m3")


async def erase_ana(db: asyncpg.Pool, room: ConversationId) -> None:
    await erase_participant(db, conversation_id=room, identity="ana")


async def begin_to_erase_all(db: asyncpg.Pool, room: ConversationId) -> None:
    receipt = await erase_conversation(db, conversation_id=room, deadline=0)
    assert not receipt.complete


async def erase_all(db: asyncpg.Pool, room: ConversationId) -> None:
    await erase_conversation(db, conversation_id=room)


async def expire(db: asyncpg.Pool, room: ConversationId) -> None:
    rule = RetentionRule.model_validate({"rooms": "one", "messages_days": 1})
    now = NOON + timedelta(days=1, minutes=4)
    assert await Retention(db, [rule], pause_s=0).apply(now=now) == {"messages": 3}


@pytest.mark.parametrize("change", [erase_one, erase_ana, begin_to_erase_all, erase_all, expire])
async def test_a_room_of_which_something_is_gone_is_forgotten_and_no_other(
    db: asyncpg.Pool, rooms: Rooms, change: Change
) -> None:
    changed, other = rooms.kept
    sweep = RoomSweep(db, rooms)
    await sweep.sweep()
    assert [*rooms.kept] == [changed, other]

    await change(db, changed)
    await sweep.sweep()

    assert [*rooms.kept] == [other]


async def test_what_is_said_leaves_a_room_in_memory(db: asyncpg.Pool, rooms: Rooms) -> None:
    room, other = rooms.kept
    await append_messages(db, conversation_id=room, messages=[message(9)])

    await RoomSweep(db, rooms).sweep()

    assert [*rooms.kept] == [room, other]


async def test_a_room_that_nobody_searches_is_forgotten_also_without_the_database(
    db: asyncpg.Pool, rooms: Rooms
) -> None:
    room, other = rooms.kept
    rooms.unused = {room: 600.0, other: 599.0}
    await db.close()

    with pytest.raises(asyncpg.InterfaceError):
        await RoomSweep(db, rooms).sweep()

    assert [*rooms.kept] == [other]


async def test_without_rooms_nothing_is_asked(db: asyncpg.Pool) -> None:
    await db.close()

    await RoomSweep(db, Rooms({})).sweep()
