"""Rooms too large for memory: their codes are there, and the rest is asked of the database."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from retrieval.changes.correction import correct_message
from retrieval.search import candidates, sources
from retrieval.search.coded_source import CodedSource
from retrieval.search.context import read_context
from retrieval.search.memory.coded.load import load_codes
from retrieval.search.memory.coded.room import CodedRoom
from retrieval.search.memory.loading.kept import KeptRoom, caught_up, load_kept
from retrieval.search.memory.room import Room as RoomInMemory
from retrieval.search.memory.rooms import Rooms
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.source import Wanted
from retrieval.search.vector.cosines import Preferred, Target
from retrieval.store.conversations import create_room
from retrieval.wire import ConversationId
from testbed.room_user import until
from tests.support.builders import NOON
from tests.support.large_room import (
    CODED,
    DAY,
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
from tests.support.random_talk import questions, talk
from tests.support.searched_twice import SearchedTwice
from tests.support.searches import store

if TYPE_CHECKING:
    from retrieval.database.connection import Database


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


async def codes_alone(
    db: "Database", conversation_id: ConversationId, *, most_bytes: int
) -> KeptRoom | None:
    """As of rooms that do not fit."""
    return await load_codes(db, conversation_id, most_bytes=most_bytes, limits=CODED)


async def test_a_search_with_codes_in_memory_finds_what_one_of_the_tables_finds(
    db: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "SMALL_CONVERSATION", 50)
    dice = random.Random("codes")  # noqa: S311 - the same each time
    said = talk(dice, 240)
    conversation_id, _ = await create_room(db, name="talk")
    await store(db, conversation_id, said[:200])
    rooms: Rooms[KeptRoom] = Rooms(LIMIT, codes_alone, caught_up)
    twice = SearchedTwice(db, conversation_id, rooms)
    await twice.take_in()
    assert isinstance(rooms.get(conversation_id), CodedRoom)
    asked = [*questions(dice, 10, said)]
    assert await twice.differences(asked) == []

    await store(db, conversation_id, said[200:])
    before = replace(rooms.figures)
    assert await twice.differences(asked) == []
    assert rooms.figures.answered > before.answered
    assert (rooms.figures.missed, rooms.figures.fills) == (before.missed, before.fills)

    monkeypatch.setattr(sources, "LONGEST_TAIL", 80)
    await twice.differences(asked[:1])
    await until(lambda: rooms.figures.fills == 2)
    anew = rooms.get(conversation_id)
    assert anew is not None
    assert anew.marks.in_context == 240 - 64

    await correct_message(
        db,
        conversation_id=conversation_id,
        message_id=said[20].id,
        content="The violin is 5.",
        metadata=None,
        keep_edits=False,
    )
    before = replace(rooms.figures)
    assert await twice.differences(asked[:1]) == []
    assert rooms.figures.missed == before.missed + 1
    await twice.take_in()
    await rooms.aclose()


async def test_what_does_not_fit_as_a_whole_is_kept_by_its_codes(db: Pool) -> None:
    room = await fill(db, count=150)
    for most, kind in ((LIMIT, RoomInMemory), (150 * 100, CodedRoom), (1000, type(None))):
        kept = await load_kept(db, room.conversation_id, most_bytes=most, limits=CODED)
        assert isinstance(kept, kind)
