"""Rooms too large for memory: their codes are there, and the rest is asked of the database."""

from datetime import timedelta

import numpy as np
import pytest

from retrieval.search.coded_source import CodedSource
from retrieval.search.context import read_context
from retrieval.search.memory.coded.load import load_codes
from retrieval.search.memory.coded.room import CodedRoom
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.source import Wanted
from retrieval.search.vector.cosines import Preferred, Target
from tests.support.builders import NOON
from tests.support.large_room import (
    CODED,
    EVERYTHING,
    EXACT,
    NOBODY,
    Matrix,
    Pool,
    Room,
    embed,
    extend,
    fill,
    find,
    unit,
)

LIMIT = 100_000_000
SINCE = NOON + timedelta(minutes=100)
DAY = (NOON + timedelta(minutes=60), NOON + timedelta(minutes=120))


async def coded(db: Pool, room: Room) -> CodedRoom:
    codes = await load_codes(db, room.conversation_id, most_bytes=LIMIT, limits=CODED)
    assert codes is not None
    return codes


async def nearest(
    db: Pool,
    codes: CodedRoom,
    of: Room,
    query: Matrix,
    *,
    filters: Filters = EVERYTHING,
    preferred: Preferred = NOBODY,
) -> list[int]:
    context = await read_context(db, conversation_id=of.conversation_id, query="x")
    assert context.version == codes.version
    wanted = Wanted(filters, preferred, context.pending == 0, 10, context.last_seq)
    source = CodedSource(db, context, codes)
    found: list[int] = (await source.nearest(Target(of.conversation_id, 1, query), wanted)).tolist()
    return found


async def test_codes_in_memory_find_what_exact_search_finds(db: Pool) -> None:
    room = await fill(db, count=1500)
    codes = await coded(db, room)
    assert len(codes) == 1436  # the others are the database's to tell
    assert codes.nbytes < 1500 * 128
    for query in unit(10, seed=6):
        assert await nearest(db, codes, room, query) == await find(db, room, query, limits=EXACT)
    query = unit(1, seed=7)[0]
    for filters in (
        Filters(SINCE, NOON + timedelta(minutes=700), None, None, []),
        Filters(SINCE, None, ["ben"], ["user"], []),
        Filters(None, None, None, ["assistant"], []),
        Filters(None, None, None, None, [*range(5, 470)]),
        Filters(None, None, None, None, [], listed=np.arange(3, 1500, 7)),
    ):
        found = await nearest(db, codes, room, query, filters=filters)
        assert found == await find(db, room, query, limits=EXACT, filters=filters)
    for preferred in (
        Preferred(About(frozenset({"ben"})), 0.3, [], 0.0),
        Preferred(About(role="user"), 0.3, [DAY], 0.4),
    ):
        found = await nearest(db, codes, room, query, preferred=preferred)
        assert found == await find(db, room, query, limits=EXACT, preferred=preferred)


async def test_what_is_newer_is_found_and_what_comes_late_ends_the_codes(db: Pool) -> None:
    room = await fill(db, count=400)
    codes = await coded(db, room)
    for _ in range(3):
        await extend(db, room, count=60)  # as they are embedded where a room talks
    for seq in (1, 336, 337, 400, 580):
        assert (await nearest(db, codes, room, room.vectors[seq - 1]))[0] == seq

    await db.execute("delete from message_embedding where seq = 300")
    assert 300 not in await nearest(db, codes, room, room.vectors[299])
    await embed(db, room, [300])
    context = await read_context(db, conversation_id=room.conversation_id, query="x")
    assert context.version != codes.version
    anew = await coded(db, room)
    assert (await nearest(db, anew, room, room.vectors[299]))[0] == 300


@pytest.mark.parametrize("count", [0, 60, 100])
async def test_rooms_that_are_compared_exactly_have_no_codes(db: Pool, count: int) -> None:
    room = await fill(db, count=count)
    assert await load_codes(db, room.conversation_id, most_bytes=LIMIT, limits=CODED) is None


async def test_codes_fit_or_are_not_read(db: Pool) -> None:
    room = await fill(db, count=150)
    enough = 150 * (50 + 3 * 64 // 4)
    for most, fits in ((enough, True), (enough - 1, False)):
        codes = await load_codes(db, room.conversation_id, most_bytes=most, limits=CODED)
        assert (codes is not None) is fits
    await db.execute("delete from message_embedding")
    assert await load_codes(db, room.conversation_id, most_bytes=LIMIT, limits=CODED) is None
