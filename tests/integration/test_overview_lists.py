"""Lists of rooms and conversations: in the order of their activity, with figures, page by page."""

from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from retrieval.database.live_pool import LivePool
from retrieval.database.pool import connect
from retrieval.database.roles import APP, BACKGROUND
from retrieval.embeddings.model_registry import ensure_model
from retrieval.errors import ConversationNotFound
from retrieval.store.conversations import create_room
from retrieval.store.events import record_events
from retrieval.store.messages import append_messages
from retrieval.store.overview.activity import ActivityPlace, RoomFilter
from retrieval.store.overview.conversations import conversation_overview, conversations_page
from retrieval.store.overview.coverage import conversation_coverage
from retrieval.store.overview.rooms import rooms_page
from retrieval.store.overview.sessions import sessions_page
from retrieval.store.sessions import save_session
from retrieval.store.time_place import TimePlace
from retrieval.store.turn_traces import record_turns
from retrieval.wire import ConversationId, ConversationsPage, RoomsPage
from tests.support.builders import NOON, event, message, summary, trace

ACTIVE_AT = """
update conversation set active_at = $2 where conversation_id = $1
"""


@pytest.fixture
async def background(db: asyncpg.Pool, database_url: str) -> AsyncIterator[LivePool]:
    await ensure_model(db, name="m", dimension=3)
    pool = await connect(database_url, pool_size=2, role=BACKGROUND)
    yield pool
    pool.terminate()


async def a_room(
    db: asyncpg.Pool, name: str, *, minute: int, key: str | None = None, messages: int = 0
) -> ConversationId:
    """Active that many minutes after noon."""
    conversation_id, _ = await create_room(db, name=name, key=key)
    if messages:
        batch = [message(number) for number in range(1, messages + 1)]
        await append_messages(db, conversation_id=conversation_id, messages=batch)
    await db.execute(ACTIVE_AT, conversation_id, NOON + timedelta(minutes=minute))
    return conversation_id


async def all_rooms(db: LivePool, *, limit: int, only: RoomFilter | None = None) -> list[list[str]]:
    """Names, page by page."""
    pages: list[list[str]] = []
    place: ActivityPlace | None = None
    while True:
        page: RoomsPage = await rooms_page(db, model_id=1, limit=limit, after=place, only=only)
        pages.append([room.name for room in page.rooms])
        if page.next is None:
            return pages
        place = ActivityPlace.read(page.next)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 50])
async def test_rooms_come_once_each_lately_active_ones_first_and_those_of_a_key_together(
    db: asyncpg.Pool, background: LivePool, limit: int
) -> None:
    for minute in range(4):
        await a_room(db, f"own {minute}", minute=minute)
    for name in ("Call c", "Call a", "Call b"):
        await a_room(db, name, minute=2, key="customer")
    await db.execute("update conversation set active_at = $1 where key is not null", NOON)

    pages = await all_rooms(background, limit=limit)

    names = [name for page in pages for name in page]
    assert names[:3] == ["own 3", "own 2", "own 1"]
    calls = [name for name in names if name.startswith("Call")]
    assert calls == ["Call a", "Call b", "Call c"]
    assert sorted(names[3:]) == sorted([*calls, "own 0"])
    assert all(len(page) <= limit for page in pages)


async def test_rooms_are_found_by_a_part_of_their_name_in_whatever_case(
    db: asyncpg.Pool, background: LivePool
) -> None:
    await a_room(db, "Helpdesk 1", minute=1)
    await a_room(db, "kitchen", minute=2)
    await a_room(db, "DESK of keys", minute=3, key="a kitchen")
    await a_room(db, "call 7", minute=4, key="a desk")

    assert await all_rooms(background, limit=10, only=RoomFilter("desk")) == [
        ["DESK of keys", "Helpdesk 1"]
    ]
    page = await conversations_page(background, model_id=1, limit=10, only=RoomFilter("desk"))
    assert [one.key or one.room for one in page.conversations] == ["a desk", "Helpdesk 1"]


async def test_signs_of_patterns_in_a_name_are_letters(
    db: asyncpg.Pool, background: LivePool
) -> None:
    await a_room(db, "100% of it", minute=1)
    await a_room(db, "100 of it_", minute=2)

    assert await all_rooms(background, limit=10, only=RoomFilter("0%")) == [["100% of it"]]
    assert await all_rooms(background, limit=10, only=RoomFilter("t_")) == [["100 of it_"]]


async def test_only_rooms_that_were_active_since_then_are_listed(
    db: asyncpg.Pool, background: LivePool
) -> None:
    for minute in range(4):
        await a_room(db, f"room {minute}", minute=minute)

    since = RoomFilter(active_since=NOON + timedelta(minutes=2))
    assert await all_rooms(background, limit=10, only=since) == [["room 3", "room 2"]]


async def test_a_room_that_moved_to_a_key_is_listed_there_alone(
    db: asyncpg.Pool, background: LivePool
) -> None:
    await a_room(db, "lobby", minute=1, messages=1)
    await a_room(db, "lobby", minute=2, key="customer")

    page = await rooms_page(background, model_id=1, limit=10)

    assert [(room.name, room.key) for room in page.rooms] == [("lobby", "customer")]
    conversations = await conversations_page(background, model_id=1, limit=10)
    assert [(one.room, one.key) for one in conversations.conversations] == [
        (None, "customer"),
        ("lobby", None),
    ]


async def test_figures_of_a_room_are_those_of_its_messages_and_its_newest_turns(
    db: asyncpg.Pool, background: LivePool
) -> None:
    room = await a_room(db, "kitchen", minute=1, messages=4)
    await db.execute("delete from embedding_job where seq = 1")
    turns = [
        trace(
            number,
            added_ms=number,
            search_ms=2 * number,
            outcome="failed" if number == 20 else "answered",
        )
        for number in range(1, 21)
    ]
    turns[4] = trace(5, degraded="late", search_ms=None)
    await record_turns(db, conversation_id=room, traces=turns)

    (found,) = (await rooms_page(background, model_id=1, limit=10)).rooms

    assert (found.conversation_id, found.name, found.room, found.key) == (
        room,
        "kitchen",
        "kitchen",
        None,
    )
    assert (found.messages, found.pending, found.pending_more, found.coverage) == (
        4,
        3,
        False,
        0.25,
    )
    assert found.last_message_at == NOON + timedelta(minutes=4)
    assert found.active_at == NOON + timedelta(minutes=1)
    assert (found.turns, found.turns_more) == (20, False)
    recent = found.recent
    assert (recent.turns, recent.failed, recent.degraded, recent.degraded_share) == (20, 1, 1, 0.05)
    assert (recent.added_ms_p95, recent.search_ms_p95) == (20, 40)
    assert recent.newest_at == NOON + timedelta(minutes=20)


async def test_recent_turns_are_the_newest_hundred(db: asyncpg.Pool, background: LivePool) -> None:
    room = await a_room(db, "kitchen", minute=1)
    old = [trace(number, degraded="failed", added_ms=9000.0) for number in range(1, 41)]
    new = [trace(number, added_ms=2.0) for number in range(41, 141)]
    for batch in (old, new):
        await record_turns(db, conversation_id=room, traces=batch)

    (found,) = (await rooms_page(background, model_id=1, limit=10)).rooms

    assert found.turns == 140
    assert (found.recent.turns, found.recent.degraded, found.recent.added_ms_p95) == (100, 0, 2.0)
    only = RoomFilter(degraded=True)
    assert await all_rooms(background, limit=10, only=only) == [[]]
    await record_turns(db, conversation_id=room, traces=[trace(141, degraded="resting")])
    assert await all_rooms(background, limit=10, only=only) == [["kitchen"]]


async def test_in_lists_counts_end_and_say_so(db: asyncpg.Pool, background: LivePool) -> None:
    room = await a_room(db, "kitchen", minute=1)
    await db.execute("update conversation set message_count = 5000")
    await db.execute(
        "insert into embedding_job (conversation_id, model_id, seq)"
        " select conversation_id, 1, seq from conversation, generate_series(1, 1500) seq"
    )

    (found,) = (await rooms_page(background, model_id=1, limit=10)).rooms
    assert (found.pending, found.pending_more, found.coverage) == (1000, True, None)
    whole = await conversation_overview(background, conversation_id=room, model_id=1)
    assert (whole.pending, whole.pending_more, whole.coverage) == (1500, False, 0.7)


async def test_an_append_makes_a_conversation_active_to_the_minute(db: asyncpg.Pool) -> None:
    room = await a_room(db, "kitchen", minute=1)
    before = await db.fetchval("select date_trunc('minute', now())")

    await append_messages(db, conversation_id=room, messages=[message(1)])

    active_at = await db.fetchval("select active_at from conversation")
    assert before <= active_at <= before + timedelta(minutes=5)
    assert (active_at.second, active_at.microsecond) == (0, 0)


async def test_further_appends_of_a_minute_write_no_index_of_conversations(
    db: asyncpg.Pool,
) -> None:
    """Only an update that changes no indexed column is a heap-only one."""
    room, _ = await create_room(db, name="kitchen")
    heap_only = "select pg_stat_get_xact_tuples_hot_updated('conversation'::regclass)"
    async with db.acquire() as connection, connection.transaction():  # of one time, by now()
        await append_messages(connection, conversation_id=room, messages=[message(1)])
        before = await connection.fetchval(heap_only)
        await append_messages(connection, conversation_id=room, messages=[message(2)])
        assert await connection.fetchval(heap_only) > before
        await connection.execute("update conversation set active_at = active_at - interval '1 day'")
        before = await connection.fetchval(heap_only)
        await append_messages(connection, conversation_id=room, messages=[message(3)])
        assert await connection.fetchval(heap_only) == before


async def test_one_conversation_is_told_in_all_its_figures(
    db: asyncpg.Pool, background: LivePool
) -> None:
    room = await a_room(db, "call a", minute=1, key="customer", messages=3)
    await a_room(db, "call b", minute=1, key="customer")
    await append_messages(
        db,
        conversation_id=room,
        messages=[message(-5, participant="bob"), message(9, participant="Bob the Builder")],
    )
    await record_events(db, conversation_id=room, events=[event(1), event(2)])
    await save_session(db, session_id="s1", summary=summary(room))
    await record_turns(db, conversation_id=room, traces=[trace(1), trace(2, outcome="failed")])

    found = await conversation_overview(background, conversation_id=room, model_id=1)

    assert (found.room, found.key, found.rooms) == (None, "customer", ["call a", "call b"])
    assert (found.messages, found.last_seq, found.participants) == (5, 5, 3)
    assert (found.events, found.sessions, found.turns, found.recent.failed) == (2, 1, 2, 1)
    assert found.first_message_at == NOON - timedelta(minutes=5)
    assert not found.in_order
    assert found.language == "english"


async def test_what_was_erased_is_in_no_list(db: asyncpg.Pool, background: LivePool) -> None:
    room = await a_room(db, "kitchen", minute=1, messages=1)
    await db.execute("update conversation set erased = true")

    assert await all_rooms(background, limit=10) == [[]]
    assert await conversations_page(background, model_id=1, limit=10) == ConversationsPage(
        conversations=[]
    )
    with pytest.raises(ConversationNotFound):
        await conversation_overview(background, conversation_id=room, model_id=1)
    with pytest.raises(ConversationNotFound):
        await conversation_coverage(background, conversation_id=room, model_id=1, model="m")
    with pytest.raises(ConversationNotFound):
        await sessions_page(background, conversation_id=room, limit=10)


async def test_coverage_tells_what_waits_and_what_failed(
    db: asyncpg.Pool, background: LivePool
) -> None:
    room = await a_room(db, "kitchen", minute=1, messages=5)
    await db.execute("delete from embedding_job where seq in (1, 2)")
    await db.execute("update embedding_job set failure = 'too long', attempts = 3 where seq = 4")

    found = await conversation_coverage(background, conversation_id=room, model_id=1, model="m")

    assert (found.messages, found.embedded, found.waiting, found.failed) == (5, 2, 2, 1)
    assert found.coverage == 0.4
    assert [(one.seq, one.attempts, one.reason) for one in found.failures] == [(4, 3, "too long")]


@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_sessions_are_listed_the_last_begun_first_also_of_one_time(
    db: asyncpg.Pool, background: LivePool, limit: int
) -> None:
    room = await a_room(db, "kitchen", minute=1)
    for number in range(5):
        begun = summary(room).model_copy(
            update={"started_at": NOON + timedelta(minutes=number // 2)}
        )
        await save_session(db, session_id=f"s {number}", summary=begun)

    found: list[str] = []
    place: TimePlace | None = None
    while True:
        page = await sessions_page(background, conversation_id=room, limit=limit, after=place)
        found += [session.id for session in page.sessions]
        if page.next is None:
            break
        place = TimePlace.read(page.next)

    assert found == ["s 4", "s 3", "s 2", "s 1", "s 0"]


async def test_requests_login_lists_nothing(
    db: asyncpg.Pool, background: LivePool, database_url: str
) -> None:
    await a_room(db, "kitchen", minute=1)
    app = await connect(database_url, pool_size=1, role=APP)
    try:
        assert (await rooms_page(app, model_id=1, limit=10)).rooms == []
    finally:
        app.terminate()
