"""Rooms beyond the limit of exact search, in memory: by codes first, with small limits."""

from dataclasses import fields
from datetime import timedelta

import numpy as np
import pytest

from retrieval.search.context import read_context
from retrieval.search.memory.arrays import codes
from retrieval.search.memory.loading.load import load
from retrieval.search.memory.room import Room as RoomInMemory
from retrieval.search.memory.source import MemorySource, newest_of
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.source import Sought, Wanted
from retrieval.search.stored.source import StoredSource
from retrieval.search.vector.cosines import Cosines, Preferred, Target
from tests.support.builders import NOON
from tests.support.large_room import (
    CODED,
    DAY,
    DIMENSION,
    EVERYTHING,
    EXACT,
    LIMIT,
    NOBODY,
    SINCE,
    Matrix,
    Pool,
    Room,
    embed,
    extend,
    fill,
    find,
    unit,
)

FILTERS = [
    Filters(SINCE, NOON + timedelta(minutes=700), None, None, []),
    Filters(SINCE, None, ["ben"], ["user"], []),
    Filters(None, None, None, ["assistant"], []),
    Filters(None, None, None, None, [*range(5, 470)]),
    Filters(None, None, None, None, [], listed=np.arange(3, 1500, 7)),
    Filters(None, None, None, None, [], listed=np.array([9, 477])),
]
PREFERRED = [
    Preferred(About(frozenset({"ben"})), 0.3, [], 0.0),
    Preferred(About(role="user"), 0.3, [DAY], 0.4),
    Preferred(About(), 0.0, [DAY], 2.0),
]


@pytest.fixture(params=["all bits", "signs first"])
def _steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room of a test is otherwise too small for the scan of signs."""
    if request.param == "signs first":
        monkeypatch.setattr(codes, "FEW", 600)
        monkeypatch.setattr(codes, "BLOCK", 256)
        monkeypatch.setattr(codes, "ROWS_OF_SAMPLE", 20)
        monkeypatch.setattr(codes, "FEWEST_BY_SIGNS", 1000)


async def loaded(db: Pool, room: Room) -> RoomInMemory:
    in_memory = await load(db, room.conversation_id, most_bytes=LIMIT, limits=CODED)
    assert in_memory is not None
    return in_memory


async def source(db: Pool, room: RoomInMemory, of: Room) -> MemorySource:
    """With what is newer."""
    read = await read_context(db, conversation_id=of.conversation_id, query="x", room=room)
    assert read.news is not None
    return MemorySource(
        room.extended(read.news),
        newest_of(read.news.postings),
        read.message_count,
        read.passage_count,
        StoredSource(db, read),
    )


async def nearest(
    memory: MemorySource,
    of: Room,
    query: Matrix,
    *,
    filters: Filters = EVERYTHING,
    preferred: Preferred = NOBODY,
) -> list[int]:
    wanted = Wanted(filters, preferred, smoothed=True, limit=10)
    found: list[int] = (await memory.nearest(Target(of.conversation_id, 1, query), wanted)).tolist()
    return found


@pytest.mark.usefixtures("_steps")
async def test_codes_in_memory_find_what_exact_search_finds(db: Pool) -> None:
    room = await fill(db, count=1500)
    in_memory = await loaded(db, room)
    for vectors in (in_memory.alone, in_memory.in_context):
        assert vectors.likely(room.vectors[0], allowed=None, gains=None) is not None
    before = await source(db, in_memory, room)
    for query in unit(12, seed=6):
        assert await nearest(before, room, query) == await find(db, room, query, limits=EXACT)

    await extend(db, room, count=60)
    after = await source(db, in_memory, room)
    newest = room.vectors[1559]
    assert (await nearest(after, room, newest))[0] == 1560
    query = unit(1, seed=7)[0]
    for filters in FILTERS:
        found = await nearest(after, room, query, filters=filters)
        assert found == await find(db, room, query, limits=EXACT, filters=filters)
    for preferred in PREFERRED:
        found = await nearest(after, room, query, preferred=preferred)
        assert found == await find(db, room, query, limits=EXACT, preferred=preferred)


async def test_of_half_as_long_numbers_cosines_are_the_databases(db: Pool) -> None:
    room = await fill(db, count=150)
    memory = await source(db, await loaded(db, room), room)
    target = Target(room.conversation_id, 1, unit(1, seed=8)[0])
    sought = Sought(About(frozenset({"ana"})), EVERYTHING, target)
    seqs = np.array([1, 2, 77, 149, 150])
    for own, stored in (
        (
            await memory.known(sought, seqs, kinds=[False, True]),
            await memory.stored.known(sought, seqs, kinds=[False, True]),
        ),
        (await memory.known_of_all(sought), await memory.stored.known_of_all(sought)),
    ):
        assert all(
            np.array_equal(getattr(own.facts, one.name), getattr(stored.facts, one.name))
            for one in fields(own.facts)
        )
        assert by_place(own.cosines) == by_place(stored.cosines)


def by_place(cosines: Cosines) -> list[tuple[float, ...]]:
    columns = (cosines.seq, cosines.passage, cosines.smoothed, cosines.cosine)
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


async def test_a_large_room_takes_less_than_half_of_what_exact_comparing_takes(db: Pool) -> None:
    room = await fill(db, count=150)
    enough = int(150 * (2 * 2.5 * DIMENSION + 600))
    coded = await load(db, room.conversation_id, most_bytes=enough, limits=CODED)
    assert coded is not None
    assert await load(db, room.conversation_id, most_bytes=enough - 1, limits=CODED) is None
    assert await load(db, room.conversation_id, most_bytes=enough, limits=EXACT) is None


async def test_a_large_room_whose_vectors_are_all_missing_is_loaded_without_codes(db: Pool) -> None:
    room = await fill(db, count=150)
    await db.execute("delete from message_embedding")
    in_memory = await loaded(db, room)
    await embed(db, room, range(90, 151))
    memory = await source(db, in_memory, room)
    assert (
        await nearest(memory, room, room.vectors[99])
        == room.order(room.vectors[99], range(90, 151))[:10]
    )
