"""A conversation that arrived in any order is the same as if it had arrived as it was said."""

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from retrieval.database.migrations import migrate
from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.search.candidates import SMALL_CONVERSATION
from retrieval.store.conversations import create_room, join_conversation
from retrieval.store.messages import append_messages, recent_messages
from retrieval.wire import ConversationId, Message, MessageCreate, RetrievalHit
from testbed.postgres import Server
from tests.support.builders import NOON, message
from tests.support.fakes import HashEmbedder
from tests.support.filled_database import filled_database
from tests.support.searches import embed_all, search, store

SIZES = {"small": 160, "large": SMALL_CONVERSATION + 120}
WORDS = [f"{first}{last}" for first in ("lam", "tor", "vel", "qui", "sno") for last in "abcdefghij"]
PEOPLE = ("ana", "ben", "cleo")


def said(count: int) -> list[MessageCreate]:
    """Talk of several people, as it was said, with a night between some of the messages."""
    dice = random.Random(count)  # noqa: S311 - the same talk each time
    at = NOON - timedelta(days=60)
    messages = []
    for number in range(count):
        at += timedelta(hours=9) if dice.random() < 0.05 else timedelta(seconds=dice.randint(5, 90))
        text = " ".join(dice.choices(WORDS, k=dice.randint(2, 30)))
        ending = dice.choice(["?", ".", " and I was in Lisbon yesterday."])
        one = message(number, text + ending, participant=dice.choice(PEOPLE))
        messages.append(one.model_copy(update={"created_at": at}))
    return messages


Batches = list[list[MessageCreate]]


def as_said(messages: list[MessageCreate]) -> Batches:
    return [messages]


def older_later(messages: list[MessageCreate]) -> Batches:
    """The last third lives; then the history before it is imported, its newer half first."""
    third = len(messages) // 3
    return [messages[2 * third :], messages[third : 2 * third], messages[:third]]


def interleaved(messages: list[MessageCreate]) -> Batches:
    return [messages[::2], messages[1::2]]


def backwards(messages: list[MessageCreate]) -> Batches:
    return [messages[::-1]]


def shuffled(messages: list[MessageCreate]) -> Batches:
    mixed = random.Random(1).sample(messages, len(messages))  # noqa: S311 - as above
    return [mixed[start : start + 90] for start in range(0, len(mixed), 90)]


ARRIVALS: list[Callable[[list[MessageCreate]], Batches]] = [
    older_later,
    interleaved,
    backwards,
    shuffled,
]


@pytest.fixture(scope="module")
def database_template(postgres: Server) -> Iterator[str]:
    with filled_database(postgres, _fill) as name:
        yield name


async def _fill(db: asyncpg.Pool) -> None:
    for size, count in SIZES.items():
        for arrive in (as_said, *ARRIVALS):
            room, _ = await create_room(db, name=f"{size} {arrive.__name__}")
            for batch in arrive(said(count)):
                await store(db, room, batch)
    await db.execute("vacuum analyze")


async def room_of(db: asyncpg.Pool, name: str) -> ConversationId:
    return ConversationId(
        await db.fetchval("select conversation_id from conversation where room = $1", name)
    )


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=ARRIVALS, ids=lambda arrive: arrive.__name__)
async def rooms(
    request: pytest.FixtureRequest, db: asyncpg.Pool, size: str
) -> tuple[ConversationId, ConversationId]:
    """One that arrived as it was said, and one that did not."""
    arrived = await room_of(db, f"{size} {request.param.__name__}")
    return await room_of(db, f"{size} as_said"), arrived


Rooms = tuple[ConversationId, ConversationId]


async def test_a_room_knows_whether_it_arrived_in_order(
    db: asyncpg.Pool, size: str, rooms: Rooms
) -> None:
    newest = said(SIZES[size])[-1]
    for room, in_order in zip(rooms, (True, False), strict=True):
        [row] = await db.fetch(
            "select in_order, newest_at, message_id from conversation c"
            "  join message m on m.conversation_id = c.conversation_id and seq = newest_seq"
            " where c.conversation_id = $1",
            room,
        )
        assert tuple(row) == (in_order, newest.created_at, newest.id)


async def test_the_joining_agent_gets_what_was_said_last(
    db: asyncpg.Pool, size: str, rooms: Rooms
) -> None:
    name = await db.fetchval("select room from conversation where conversation_id = $1", rooms[1])
    joined = await join_conversation(db, room=name, window=12)
    expected = said(SIZES[size])[-12:]
    assert [one.id for one in joined.window] == [one.id for one in expected]
    assert joined.last_message_at == expected[-1].created_at


async def test_pages_back_from_the_newest_tell_the_conversation_as_it_was_said(
    db: asyncpg.Pool, size: str, rooms: Rooms
) -> None:
    read: list[str] = []
    before: int | None = None
    while page := await _page(db, rooms[1], limit=70, before=before):
        read = [one.id for one in page] + read
        before = page[0].seq
    assert read == [one.id for one in said(SIZES[size])]


async def test_pages_forward_follow_time_or_arrival_as_asked(
    db: asyncpg.Pool, size: str, rooms: Rooms
) -> None:
    for order, key in (
        ("time", lambda one: (one.created_at, one.seq)),
        ("arrival", lambda one: one.seq),
        (None, lambda one: one.seq),
    ):
        read: list[Message] = []
        while page := await _page(
            db, rooms[1], limit=70, after=read[-1].seq if read else 0, order=order
        ):
            read += page
        assert len(read) == SIZES[size]
        assert all(key(one) < key(next_) for one, next_ in pairwise(read))


async def _page(db: asyncpg.Pool, room: ConversationId, **asked: Any) -> Sequence[Message]:
    return (await recent_messages(db, conversation_id=room, **asked)).messages


CONTEXT_VECTORS = """
select message_id, passage, embedding
  from message_embedding e
  join message m using (conversation_id, seq)
 where conversation_id = $1 and smoothed
"""


async def context_vectors(db: asyncpg.Pool, room: ConversationId) -> dict[tuple[str, int], bytes]:
    rows = await db.fetch(CONTEXT_VECTORS, room)
    return {(row["message_id"], row["passage"]): row["embedding"].to_binary() for row in rows}


async def test_context_vectors_are_made_of_what_was_said_around(
    db: asyncpg.Pool, rooms: Rooms
) -> None:
    in_order, arrived = [await context_vectors(db, room) for room in rooms]
    assert arrived.keys() == in_order.keys()
    assert [key for key, vector in arrived.items() if vector != in_order[key]] == []


OLDER_SCHEMA = """
drop index message_by_time;
alter table conversation drop newest_at, drop newest_seq, drop in_order;
delete from schema_migrations where version = 9;
"""


async def test_migrating_an_older_database_mends_its_context_vectors(
    db: asyncpg.Pool, database_url: str
) -> None:
    expected = await context_vectors(db, await room_of(db, "small as_said"))
    room, _ = await create_room(db, name="of an older program")
    for batch in interleaved(said(SIZES["small"])):
        await store(db, room, batch, embed=False)
    await db.execute("update conversation set in_order = true, newest_seq = last_seq")
    await embed_all(db)
    assert await context_vectors(db, room) != expected
    await db.execute(OLDER_SCHEMA)

    assert await migrate(database_url) == ["0009_order_by_time"]

    jobs = await db.fetch("select distinct conversation_id from embedding_job")
    late = await db.fetch("select conversation_id from conversation where not in_order")
    assert {row[0] for row in jobs} == {row[0] for row in late} >= {room}
    assert len(late) == len(ARRIVALS) * len(SIZES) + 1
    await embed_all(db)
    assert await context_vectors(db, room) == expected


QUERIES: list[tuple[str, dict[str, object]]] = [
    ("lama torb velc", {}),
    ("what did ana say about snoh and quij?", {"asker": "ben"}),
    ("where was I when I said torf?", {"asker": "cleo"}),
    ("torc", {"participants": ["ben"]}),
    ("sfoi lamj velh velc quid", {"since": NOON - timedelta(days=58)}),
    ("quia", {"token_budget": 300}),
    *((f"{one} {other}", {}) for one, other in zip(WORDS[::3], WORDS[::-3], strict=True)),
]


def given(hit: RetrievalHit) -> tuple[object, ...]:
    return (
        hit.message.id,
        hit.score,
        hit.parts,
        [one.id for one in hit.before],
        [one.id for one in hit.after],
    )


async def test_a_search_finds_the_same_with_the_same_scores_and_neighbours(
    db: asyncpg.Pool, rooms: Rooms
) -> None:
    for query, options in QUERIES:
        in_order, arrived = [
            await search(db, room, query, **{"neighbours": 3, "explain": True, **options})
            for room in rooms
        ]
        assert [given(hit) for hit in arrived.hits] == [given(hit) for hit in in_order.hits]
        assert in_order.hits
        assert (arrived.confidence, arrived.relevant) == (in_order.confidence, in_order.relevant)


async def test_equal_times_stay_in_the_order_of_arrival(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="one moment")
    batch = [message(n).model_copy(update={"created_at": NOON}) for n in (3, 1, 2)]
    await append_messages(db, conversation_id=room, messages=batch)
    assert [one.id for one in await _page(db, room, limit=2)] == ["m1", "m2"]
    assert await db.fetchval("select in_order from conversation where room = 'one moment'")


async def test_a_live_message_is_found_by_its_vector_though_history_came_after_it(
    db: asyncpg.Pool, size: str
) -> None:
    """It has no successor that its context vector could wait for."""
    room = await room_of(db, f"{size} as_said")
    embedder = HashEmbedder()
    model = await ensure_model(db, name=embedder.name, dimension=embedder.dimension)
    live = message(90_000, "parcel locker fetch", participant="ana")
    old = message(-200_000, "an old greeting", participant="ben")
    for one in (live, old):
        await append_messages(db, conversation_id=room, messages=[one])
        await EmbeddingWorker(db, embedder, model).drain()

    response = await search(db, room, "parcel locker fetch")

    assert response.hits[0].message.id == live.id
    assert "vector" in response.hits[0].found_by
    assert response.pending == 0
