"""Which rooms a process keeps in memory, and when it fills them."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest

from retrieval.search.memory.rooms import CROWDED_SHARE, PAUSE_S, Rooms
from retrieval.search.memory.version import Marks, Version
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

FIRST = Version(
    model_id=1,
    revision=0,
    vectors_version=0,
    text_version=1,
    server_started=datetime(2026, 1, 1, tzinfo=UTC),
)
CHANGED = replace(FIRST, revision=1)
FIRST_LOAD_S = 2.0
DB = cast("Database", None)


@dataclass(frozen=True)
class Kept:
    version: Version = FIRST
    marks: Marks = field(default_factory=lambda: Marks(10, 10, 10, 10))
    nbytes: int = 10
    language: str = "english"
    message_count: int = 10


async def caught_up(room: Kept) -> Kept:
    return replace(room, marks=replace(room.marks, postings=room.marks.messages))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Tables:
    """Loads whatever is asked for, and remembers what was."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.loaded: list[ConversationId] = []
        self.version = FIRST
        self.nbytes = 10
        self.fails = False
        self.gate: asyncio.Event | None = None

    async def load(
        self, db: Any, conversation_id: ConversationId, *, most_bytes: int
    ) -> Kept | None:
        self.loaded.append(conversation_id)
        if self.gate is not None:
            await self.gate.wait()
        self.clock.now += FIRST_LOAD_S
        if self.fails:
            raise ConnectionError
        return Kept(self.version, nbytes=self.nbytes) if self.nbytes <= most_bytes else None


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tables(clock: Clock) -> Tables:
    return Tables(clock)


@pytest.fixture
def rooms(tables: Tables, clock: Clock) -> Rooms[Kept]:
    return Rooms(35, tables.load, caught_up, clock=clock)


def ids(count: int) -> list[ConversationId]:
    return [ConversationId(uuid4()) for _ in range(count)]


async def searched(
    rooms: Rooms[Kept], conversation_id: ConversationId, version: Version | None = FIRST
) -> bool:
    """As a search: whether memory could answer it."""
    room = rooms.get(conversation_id)
    if room is not None and room.version == version:
        return True
    rooms.missed(DB, conversation_id, version, found=rooms.get(conversation_id))
    for _ in range(5):
        await asyncio.sleep(0)
    return False


async def test_a_searched_room_is_filled_behind_its_first_search(rooms: Rooms[Kept]) -> None:
    (one,) = ids(1)
    assert not await searched(rooms, one)
    assert await searched(rooms, one)
    assert (rooms.figures.rooms, rooms.figures.bytes, rooms.figures.fills) == (1, 10, 1)


async def test_without_a_model_nothing_is_filled(rooms: Rooms[Kept], tables: Tables) -> None:
    (one,) = ids(1)
    await searched(rooms, one, None)
    assert tables.loaded == []


async def test_the_room_not_searched_for_longest_makes_place(
    rooms: Rooms[Kept], clock: Clock
) -> None:
    first, second, third, fourth = ids(4)
    for one in (first, second, third):
        await searched(rooms, one)
    assert await searched(rooms, first)
    await searched(rooms, fourth)
    assert set(rooms.versions()) == {first, third, fourth}
    assert rooms.figures.bytes == 30
    assert rooms.figures.evictions == 1


async def test_a_crowd_of_rooms_does_not_put_each_other_out_all_the_time(
    rooms: Rooms[Kept], tables: Tables, clock: Clock
) -> None:
    talking = ids(12)
    began = clock.now
    found = 0
    for _ in range(60):
        for one in talking:
            clock.now += 0.01
            found += await searched(rooms, one)
    spent = FIRST_LOAD_S * (len(tables.loaded) - 3)
    assert found > 60
    assert spent <= CROWDED_SHARE * (clock.now - began) + FIRST_LOAD_S


async def test_after_a_while_another_of_the_crowd_is_taken_in(
    rooms: Rooms[Kept], clock: Clock
) -> None:
    *kept, late, later = ids(5)
    for one in kept:
        await searched(rooms, one)
    await searched(rooms, late)
    await searched(rooms, later)
    assert later not in rooms.versions()
    clock.now += FIRST_LOAD_S / CROWDED_SHARE + 1
    await searched(rooms, later)
    assert later in rooms.versions()


async def test_a_room_that_keeps_changing_is_filled_when_it_is_quiet(
    rooms: Rooms[Kept], tables: Tables
) -> None:
    (one,) = ids(1)
    await searched(rooms, one)
    for revision in range(1, 5):
        assert not await searched(rooms, one, replace(FIRST, revision=revision))
    assert len(tables.loaded) == 1
    assert one not in rooms.versions()
    tables.version = replace(FIRST, revision=4)
    assert not await searched(rooms, one, tables.version)
    assert await searched(rooms, one, tables.version)


async def test_a_room_with_too_much_news_is_filled_at_once(
    rooms: Rooms[Kept], tables: Tables
) -> None:
    (one,) = ids(1)
    await searched(rooms, one)
    rooms.missed(DB, one, FIRST, found=rooms.get(one))
    await asyncio.sleep(0)
    assert tables.loaded == [one, one]


async def test_a_search_that_began_before_a_room_was_filled_does_not_ask_for_it_again(
    rooms: Rooms[Kept], tables: Tables
) -> None:
    (one,) = ids(1)
    await searched(rooms, one)
    rooms.missed(DB, one, FIRST, found=None)
    await asyncio.sleep(0)
    assert tables.loaded == [one]


async def test_a_room_that_does_not_fit_is_read_once(rooms: Rooms[Kept], tables: Tables) -> None:
    (one,) = ids(1)
    tables.nbytes = 36
    for _ in range(3):
        assert not await searched(rooms, one)
    assert len(tables.loaded) == 1
    tables.nbytes = 10
    assert not await searched(rooms, one, CHANGED)
    assert one in rooms.versions()


async def test_what_cannot_be_read_is_tried_again_later(
    rooms: Rooms[Kept], tables: Tables, clock: Clock
) -> None:
    (one,) = ids(1)
    tables.fails = True
    await searched(rooms, one)
    await searched(rooms, one)
    assert len(tables.loaded) == 1
    tables.fails = False
    clock.now += PAUSE_S
    await searched(rooms, one)
    assert await searched(rooms, one)


async def test_an_extended_room_takes_the_place_of_the_one_it_came_from(
    rooms: Rooms[Kept],
) -> None:
    (one,) = ids(1)
    await searched(rooms, one)
    known = rooms.get(one)
    assert known is not None
    longer = replace(known, nbytes=15)
    rooms.extend(one, known=known, extended=longer)
    assert rooms.get(one) is longer
    assert rooms.figures.bytes == 15
    rooms.extend(one, known=known, extended=replace(known, nbytes=99))
    assert rooms.get(one) is longer


async def test_a_room_grown_beyond_all_memory_goes(rooms: Rooms[Kept]) -> None:
    (one,) = ids(1)
    await searched(rooms, one)
    known = rooms.get(one)
    assert known is not None
    rooms.extend(one, known=known, extended=replace(known, nbytes=36))
    assert rooms.figures.rooms == rooms.figures.bytes == 0


async def test_a_room_whose_postings_lag_behind_is_brought_up_to_date_behind_a_search(
    rooms: Rooms[Kept], tables: Tables
) -> None:
    (one,) = ids(1)
    await searched(rooms, one)
    known = rooms.get(one)
    assert known is not None
    longer = replace(known, marks=replace(known.marks, messages=17))
    rooms.extend(one, known=known, extended=longer)
    rooms.answered(DB, one)
    await asyncio.sleep(0)
    assert rooms.get(one) == await caught_up(longer)
    assert tables.loaded == [one]


async def test_unused_rooms_are_told_and_forgotten_ones_free_their_memory(
    rooms: Rooms[Kept], clock: Clock
) -> None:
    unused, kept = ids(2)
    await searched(rooms, unused)
    clock.now += 60
    await searched(rooms, kept)
    assert rooms.unused_for(30) == [unused]
    rooms.forget(unused)
    assert set(rooms.versions()) == {kept}
    assert rooms.figures.bytes == 10


async def test_closing_ends_a_fill_under_way(rooms: Rooms[Kept], tables: Tables) -> None:
    tables.gate = asyncio.Event()
    first, second = ids(2)
    await searched(rooms, first)
    await searched(rooms, second)
    await rooms.aclose()
    assert tables.loaded == [first]
    assert rooms.figures.rooms == 0
