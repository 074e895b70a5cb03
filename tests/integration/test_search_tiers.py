"""Large conversations, made small: the limits of the tiers are arguments."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.codes import extend_codes
from retrieval.conversations import create_room
from retrieval.embeddings.model_migration import drop_rows
from retrieval.embeddings.models import ensure_model
from retrieval.embeddings.rows import store, store_smoothed, writing
from retrieval.graphs import drop_unused, graph_name
from retrieval.large_rooms import LargeRooms
from retrieval.messages import append_messages
from retrieval.search.filters import Filters
from retrieval.search.nearest import Wanted, nearest
from retrieval.search.people import About
from retrieval.search.room import read_room
from retrieval.search.tiers import Tier, TierLimits, rescored, tier_of
from retrieval.search.vectors import Preferred, Target
from retrieval.wire import ConversationId
from tests.builders import NOON, message

Pool = asyncpg.Pool
Matrix = NDArray[np.float32]

DIMENSION = 64
SPEAKERS = ("ana", "ben", "cleo")
CODED = TierLimits(exact=100, coded=100_000)
GRAPH = TierLimits(exact=100, coded=200)
NOBODY = Preferred(About(), 0.0, [], 0.0)
EVERYTHING = Filters(None, None, None, None, [])


@dataclass
class Room:
    """A conversation with random embeddings; row i belongs to seq i + 1."""

    conversation_id: ConversationId
    vectors: Matrix

    def order(self, query: Matrix, allowed: Sequence[int] | None = None) -> list[int]:
        """By brute force: seqs, nearest first."""
        stored = self.vectors.astype(np.float16).astype(np.float32)
        seqs = np.argsort(-(stored @ query.astype(np.float16).astype(np.float32))) + 1
        return [int(seq) for seq in seqs if allowed is None or seq in set(allowed)]


def unit(rows: int, *, seed: int) -> Matrix:
    made = np.random.default_rng(seed).standard_normal((rows, DIMENSION))
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


async def fill(db: Pool, *, count: int, name: str = "large") -> Room:
    """A room of so many messages whose speakers take turns, everything embedded and smoothed."""
    await ensure_model(db, name="random", dimension=DIMENSION)
    conversation_id, _ = await create_room(db, name=name)
    room = Room(conversation_id, np.zeros((0, DIMENSION), dtype=np.float32))
    await extend(db, room, count=count)
    return room


async def extend(db: Pool, room: Room, *, count: int) -> None:
    """More messages, embedded and smoothed."""
    start = len(room.vectors)
    for first in range(start, start + count, 500):
        numbers = range(first + 1, min(first + 501, start + count + 1))
        said = [message(n, participant=SPEAKERS[n % len(SPEAKERS)]) for n in numbers]
        await append_messages(db, conversation_id=room.conversation_id, messages=said)
    room.vectors = np.concatenate([room.vectors, unit(count, seed=start + 1)])
    await embed(db, room, range(start + 1, start + count + 1))


async def embed(db: Pool, room: Room, seqs: Sequence[int]) -> None:
    made = {seq: room.vectors[seq - 1 : seq] for seq in seqs}
    async with writing(db, room.conversation_id) as connection:
        await store(connection, room.conversation_id, 1, made, ended=seqs)
        await store_smoothed(connection, room.conversation_id, 1, made)


async def prepare(db: Pool, limits: TierLimits, *, longest_tail: int = 50) -> None:
    assert await LargeRooms(db, limits=limits, longest_tail=longest_tail).prepare()


async def prepared(db: Pool, room: Room) -> Tier:
    read = await read_room(
        db, conversation_id=room.conversation_id, query="x", possible_names=[], exclude_ids=[]
    )
    return read.prepared


async def find(
    db: Pool,
    room: Room,
    query: Matrix,
    *,
    limits: TierLimits = CODED,
    filters: Filters = EVERYTHING,
    preferred: Preferred = NOBODY,
    limit: int = 10,
) -> list[int]:
    """The nearest messages, by the tier that these limits give the room."""
    read = await read_room(
        db, conversation_id=room.conversation_id, query="x", possible_names=[], exclude_ids=[]
    )
    found = await nearest(
        db,
        Target(room.conversation_id, 1, query),
        wanted=Wanted(filters, preferred, read.pending == 0, limit),
        tier=tier_of(read.prepared, passages=read.passage_count, limits=limits),
    )
    return [int(seq) for seq in found]


def overlap(found: Sequence[int], expected: Sequence[int]) -> float:
    return len(set(found) & set(expected)) / len(expected)


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
    assert tier_of(Tier(90, 80), passages=passages, limits=GRAPH) == tier


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


@pytest.mark.parametrize("limits", [CODED, GRAPH], ids=["codes", "graph"])
async def test_filters_hold_and_leave_nothing_out_on_every_tier(
    db: Pool, limits: TierLimits
) -> None:
    room = await fill(db, count=450)
    await prepare(db, limits)
    await extend(db, room, count=30)
    assert (await prepared(db, room)).graph_to == (450 if limits is GRAPH else 0)
    by_ben = [seq for seq in range(1, 481) if SPEAKERS[seq % 3] == "ben"]
    since, until = NOON + timedelta(minutes=100), NOON + timedelta(minutes=200)
    cases = [
        (Filters(None, None, ["ben"], None, []), by_ben),
        (Filters(since, until, None, None, []), range(100, 200)),
        (Filters(since, None, ["ben"], ["user"], []), [seq for seq in by_ben if seq >= 100]),
        (Filters(None, None, None, ["assistant"], []), []),
        (Filters(None, None, None, None, [*range(1, 470)]), range(470, 481)),
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


async def test_an_embedding_that_comes_late_gets_its_code(db: Pool) -> None:
    room = await fill(db, count=150)
    await db.execute("delete from message_embedding where seq = 40")
    await prepare(db, CODED)
    assert await prepared(db, room) == Tier(150, 0)
    assert 40 not in await find(db, room, room.vectors[39])
    await embed(db, room, [40])
    assert (await find(db, room, room.vectors[39]))[0] == 40


async def test_codes_go_no_further_than_what_still_waits(db: Pool) -> None:
    room = await fill(db, count=150)
    await db.execute(
        "insert into embedding_job (conversation_id, model_id, seq) values ($1, 1, 70)",
        room.conversation_id,
    )
    await prepare(db, CODED)
    assert (await prepared(db, room)).coded_to == 69
    await db.execute("delete from embedding_job")
    await db.execute("delete from message_embedding where smoothed and seq = 100")
    await prepare(db, CODED)
    assert (await prepared(db, room)).coded_to == 99


async def test_deleted_messages_are_not_found_on_any_tier(db: Pool) -> None:
    room = await fill(db, count=450)
    await prepare(db, GRAPH)
    gone = [5, 200, 449]
    await db.execute("delete from message_embedding where seq = any($1)", gone)
    for seq in gone:
        for limits in (CODED, GRAPH):
            found = await find(db, room, room.vectors[seq - 1], limits=limits)
            assert len(found) == 10
            assert seq not in found


async def test_a_deleted_conversation_takes_its_codes_and_its_graph_along(db: Pool) -> None:
    room = await fill(db, count=450)
    await prepare(db, GRAPH)
    assert len(await graphs(db)) == 1
    await db.execute("delete from conversation where conversation_id = $1", room.conversation_id)
    assert await db.fetchval("select count(*) from message_code") == 0
    async with db.acquire() as connection:
        await drop_unused(connection)
    assert await graphs(db) == []


async def test_a_dropped_model_takes_its_codes_along(db: Pool) -> None:
    room = await fill(db, count=150)
    await prepare(db, CODED)
    await db.execute("update embedding_model set state = 'retired'")
    await drop_rows(db, model_id=1)
    assert await db.fetchval("select count(*) from message_code") == 0
    assert await db.fetchval("select count(*) from prepared_part") == 0
    assert len(room.vectors) == 150


async def test_a_longer_graph_replaces_the_old_one_when_the_tail_is_long(db: Pool) -> None:
    room = await fill(db, count=450)
    await prepare(db, GRAPH)
    (old,) = await graphs(db)
    await extend(db, room, count=40)
    await prepare(db, GRAPH)
    assert await graphs(db) == [old]
    await extend(db, room, count=40)
    await prepare(db, GRAPH)
    (new,) = await graphs(db)
    assert new != old
    assert await prepared(db, room) == Tier(530, 530)
    query = room.vectors[300]
    assert (await find(db, room, query, limits=GRAPH))[0] == 301


async def test_searches_go_on_while_a_graph_is_replaced_and_messages_come(db: Pool) -> None:
    room = await fill(db, count=300)
    await prepare(db, GRAPH)
    done = asyncio.Event()

    async def grow() -> None:
        for _ in range(4):
            await extend(db, room, count=60)
            await prepare(db, GRAPH)
        done.set()

    async def ask() -> int:
        asked = 0
        while not done.is_set():
            known = len(room.vectors)
            found = await find(db, room, room.vectors[asked % known], limits=GRAPH)
            assert len(found) == 10
            assert found[0] == asked % known + 1
            asked += 1
        return asked

    _, asked = await asyncio.gather(grow(), ask())
    assert asked > 4
    assert await prepared(db, room) == Tier(540, 540)


async def test_a_graph_cut_short_is_built_anew(db: Pool) -> None:
    room = await fill(db, count=450)
    await prepare(db, CODED)
    name = graph_name(room.conversation_id, model_id=1, up_to=9)
    await db.execute(f"create index {name} on message_embedding (seq)")
    await prepare(db, GRAPH)
    (name,) = await graphs(db)
    assert name.endswith("_1_450")


async def test_only_one_backend_prepares(db: Pool) -> None:
    await fill(db, count=150)
    async with db.acquire() as connection:
        assert await connection.fetchval("select pg_try_advisory_lock(4919077531204)")
        assert not await LargeRooms(db, limits=CODED).prepare()
        await connection.execute("select pg_advisory_unlock(4919077531204)")
    await prepare(db, CODED)


async def test_writers_and_the_builder_of_codes_leave_no_gap(db: Pool) -> None:
    room = await fill(db, count=200)

    async def write() -> None:
        for _ in range(10):
            await extend(db, room, count=20)

    async def code() -> None:
        for _ in range(20):
            await extend_codes(db, room.conversation_id, model_id=1)
            await asyncio.sleep(0)

    await asyncio.gather(write(), code())
    coded_to = (await prepared(db, room)).coded_to
    assert coded_to >= 200
    coded = await db.fetch("select seq from message_code order by seq")
    assert [row["seq"] for row in coded] == [*range(1, coded_to + 1)]


async def graphs(db: Pool) -> list[str]:
    rows = await db.fetch(
        "select relname from pg_class where relname like 'message\\_graph\\_%' order by relname"
    )
    return [row["relname"] for row in rows]
