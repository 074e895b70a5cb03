"""The tiers of large conversations, with small limits."""

import asyncio
from datetime import timedelta

import numpy as np
import pytest

from retrieval.ann.tiers import Tier, TierLimits, rescored, tier_of
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.vector.cosines import Preferred
from tests.support.builders import NOON
from tests.support.large_room import (
    CODED,
    EXACT,
    HNSW,
    SPEAKERS,
    Pool,
    extend,
    fill,
    find,
    overlap,
    prepare,
    prepared,
    unit,
)


@pytest.mark.parametrize(
    ("passages", "tier"),
    [
        (100, Tier(0, 0)),
        (101, Tier(90, 0)),
        (200, Tier(90, 0)),
        (201, Tier(90, 80)),
    ],
)
def test_the_counted_size_decides_the_tier(passages: int, tier: Tier) -> None:
    assert tier_of(Tier(90, 80), passages=passages, limits=HNSW) == tier


def test_more_is_rescored_in_larger_rooms_within_bounds() -> None:
    assert [rescored(count) for count in (0, 20_000, 100_000, 10**6)] == [200, 200, 1000, 5000]


async def test_rooms_up_to_the_limit_are_compared_exactly_and_pay_for_nothing(db: Pool) -> None:
    room = await fill(db, count=100)
    await prepare(db, CODED)
    assert await prepared(db, room) == Tier(0, 0)
    assert await db.fetchval("select count(*) from message_code") == 0
    for query in unit(20, seed=5):
        assert await find(db, room, query) == room.order(query)[:10]


async def test_one_message_more_makes_a_room_coded_with_the_same_answers(db: Pool) -> None:
    room = await fill(db, count=101)
    await prepare(db, CODED)
    assert await prepared(db, room) == Tier(101, 0)
    for query in unit(20, seed=5):
        assert await find(db, room, query) == room.order(query)[:10]


async def test_codes_and_exact_tail_find_what_brute_force_finds(db: Pool) -> None:
    room = await fill(db, count=1500)
    await prepare(db, CODED)
    await extend(db, room, count=60)
    assert await prepared(db, room) == Tier(1500, 0)
    queries = unit(40, seed=6)
    shares = [overlap(await find(db, room, query), room.order(query)[:10]) for query in queries]
    # Of random directions, which are the hardest there are, 200 of 1500 hold .78 of the nearest.
    assert np.mean(shares) > 0.65
    for seq in (1, 700, 1500):
        assert (await find(db, room, room.vectors[seq - 1]))[0] == seq
    newest = room.vectors[1559]
    assert (await find(db, room, newest))[0] == 1560


@pytest.mark.parametrize("limits", [EXACT, CODED], ids=["exact", "codes"])
async def test_of_equally_near_messages_the_newest_are_found(db: Pool, limits: TierLimits) -> None:
    room = await fill(db, count=150)
    await db.execute(
        """update message_embedding set embedding = (
               select embedding from message_embedding where seq = 70 and not smoothed)
            where seq % 3 = 0"""
    )
    await prepare(db, limits)
    assert await find(db, room, room.vectors[69], limits=limits, limit=4) == [150, 147, 144, 141]


@pytest.mark.parametrize("limits", [CODED, HNSW], ids=["codes", "hnsw"])
async def test_filters_hold_and_leave_nothing_out_on_every_tier(
    db: Pool, limits: TierLimits
) -> None:
    room = await fill(db, count=450)
    await prepare(db, limits)
    await extend(db, room, count=30)
    assert (await prepared(db, room)).graph_to == (450 if limits is HNSW else 0)
    by_ben = [seq for seq in range(1, 481) if SPEAKERS[seq % 3] == "ben"]
    since, until = NOON + timedelta(minutes=100), NOON + timedelta(minutes=200)
    cases = [
        (Filters(None, None, ["ben"], None, []), by_ben),
        (Filters(since, until, None, None, []), range(100, 200)),
        (Filters(since, None, ["ben"], ["user"], []), [seq for seq in by_ben if seq >= 100]),
        (Filters(None, None, None, ["assistant"], []), []),
        (Filters(None, None, None, None, [*range(1, 470)]), range(470, 481)),
        (Filters(None, None, None, None, [], listed=np.arange(3, 481, 7)), range(3, 481, 7)),
        (Filters(None, None, None, None, [], listed=np.array([9, 477])), [9, 477]),
        (Filters(since, None, None, None, [], listed=np.array([9, 477])), [477]),
        (Filters(None, None, None, None, [], listed=np.arange(0)), []),
    ]
    for query in unit(10, seed=7):
        for filters, allowed in cases:
            found = await find(db, room, query, limits=limits, filters=filters)
            assert found == room.order(query, allowed)[:10]


async def test_what_is_preferred_counts_among_codes_as_it_does_exactly(db: Pool) -> None:
    room = await fill(db, count=150)
    preferred = Preferred(About(frozenset({"ben"})), 2.0, [], 0.0)
    query = unit(1, seed=8)[0]
    exact = await find(db, room, query, preferred=preferred)
    await prepare(db, CODED)
    assert await find(db, room, query, preferred=preferred) == exact
    assert {SPEAKERS[seq % 3] for seq in exact} == {"ben"}


async def test_hnsw_does_not_overlook_a_preferred_speaker(db: Pool) -> None:
    room = await fill(db, count=450)
    await prepare(db, HNSW)
    query = unit(1, seed=8)[0]
    for about in (About(frozenset({"ben"})), About(role="user"), About()):
        preferred = Preferred(about, 2.0 if about.anyone else 0.0, [], 0.0)
        exact = await find(db, room, query, preferred=preferred, limits=EXACT)
        assert await find(db, room, query, preferred=preferred, limits=HNSW) == exact


async def test_hnsw_does_not_overlook_a_preferred_role_that_is_rare(db: Pool) -> None:
    room = await fill(db, count=450)
    rare = [7, 77, 222, 301, 449]
    await db.execute("update message_embedding set role = 'assistant' where seq = any($1)", rare)
    await prepare(db, HNSW)
    query = unit(1, seed=8)[0]
    preferred = Preferred(About(role="assistant"), 2.0, [], 0.0)
    found = await find(db, room, query, preferred=preferred, limits=HNSW)
    assert set(found[:5]) == set(rare)
    assert found == await find(db, room, query, preferred=preferred, limits=EXACT)


async def test_deleted_messages_are_not_found_on_any_tier(db: Pool) -> None:
    room = await fill(db, count=450)
    await prepare(db, HNSW)
    gone = [5, 200, 449]
    await db.execute("delete from message_embedding where seq = any($1)", gone)
    for seq in gone:
        for limits in (CODED, HNSW):
            found = await find(db, room, room.vectors[seq - 1], limits=limits)
            assert len(found) == 10
            assert seq not in found


async def test_searches_go_on_while_the_hnsw_index_is_replaced_and_messages_come(db: Pool) -> None:
    room = await fill(db, count=300)
    await prepare(db, HNSW)
    done = asyncio.Event()

    async def grow() -> None:
        for _ in range(4):
            await extend(db, room, count=60)
            await prepare(db, HNSW)
        done.set()

    async def ask() -> int:
        asked = 0
        while not done.is_set():
            known = len(room.vectors)
            found = await find(db, room, room.vectors[asked % known], limits=HNSW)
            assert len(found) == 10
            assert found[0] == asked % known + 1
            asked += 1
        return asked

    _, asked = await asyncio.gather(grow(), ask())
    assert asked > 4
    assert await prepared(db, room) == Tier(540, 540)
