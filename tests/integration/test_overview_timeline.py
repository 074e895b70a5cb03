"""What happened in a conversation, merged by time, page by page in both directions."""

import random
from collections import Counter
from datetime import datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from retrieval.errors import ConversationNotFound
from retrieval.store.conversations import create_room
from retrieval.store.events import record_events
from retrieval.store.messages import append_messages
from retrieval.store.overview.places import TimelinePlace
from retrieval.store.overview.timeline import ALL_KINDS, timeline_page
from retrieval.store.sessions import save_session
from retrieval.store.turn_traces import record_turns
from retrieval.wire import ConversationId, Timeline, TimelineEntry
from tests.support.builders import NOON, event, message, summary, trace

RANK = {"session": 0, "message": 1, "turn": 2, "event": 3}


async def a_room(db: asyncpg.Pool, *, seed: int = 1) -> ConversationId:
    """Ten minutes in which much happened at the same time, and messages arrived late."""
    rng = random.Random(seed)  # noqa: S311
    room, _ = await create_room(db, name="kitchen")
    minutes = [rng.randrange(10) for _ in range(25)]
    await append_messages(
        db,
        conversation_id=room,
        messages=[
            message(number).model_copy(update={"created_at": NOON + timedelta(minutes=minute)})
            for number, minute in enumerate(minutes, start=1)
        ],
    )
    await record_turns(
        db,
        conversation_id=room,
        traces=[
            trace(number).model_copy(update={"asked_at": NOON + timedelta(minutes=minute)})
            for number, minute in list(enumerate(minutes, start=1))[::3]
        ],
    )
    await record_events(
        db,
        conversation_id=room,
        events=[
            event(number).model_copy(
                update={"created_at": NOON + timedelta(minutes=rng.randrange(10))}
            )
            for number in range(12)
        ],
    )
    for number in range(3):
        begun = summary(room).model_copy(
            update={"started_at": NOON + timedelta(minutes=rng.randrange(10))}
        )
        await save_session(db, session_id=f"s{number}", summary=begun)
    return room


async def page(db: asyncpg.Pool, room: ConversationId, limit: int, **where: object) -> Timeline:
    return await timeline_page(db, conversation_id=room, limit=limit, **where)  # type: ignore[arg-type]


def key(entry: TimelineEntry) -> tuple[datetime, int, int | str]:
    own: int | str
    if entry.message is not None:
        own = entry.message.seq
    elif entry.turn is not None:
        own = entry.turn.question_id
    elif entry.event is not None:
        own = entry.event.id
    else:
        assert entry.session is not None
        own = entry.session.id
    return entry.at, RANK[entry.kind], own


async def whole(db: asyncpg.Pool, room: ConversationId) -> list[TimelineEntry]:
    found = await page(db, room, 200)
    assert found.before is None
    assert found.newest
    return found.entries


@pytest.mark.parametrize("seed", range(3))
async def test_all_that_happened_is_there_once_in_the_order_of_time(
    db: asyncpg.Pool, seed: int
) -> None:
    entries = await whole(db, await a_room(db, seed=seed))

    keys = [key(entry) for entry in entries]
    assert keys == sorted(keys)
    kinds = [entry.kind for entry in entries]
    assert Counter(kinds) == {
        "session": 3,
        "message": 25,
        "turn": 9,
        "event": 12,
    }


@pytest.mark.parametrize("limit", [1, 2, 7, 100])
async def test_pages_backwards_and_forwards_are_the_whole(db: asyncpg.Pool, limit: int) -> None:
    room = await a_room(db)
    entries = await whole(db, room)

    backwards = await page(db, room, limit)
    found = backwards.entries
    while backwards.before is not None:
        backwards = await page(db, room, limit, before=TimelinePlace.read(backwards.before))
        assert not backwards.newest
        found = backwards.entries + found
    assert found == entries

    first = TimelinePlace.read(entries[0].cursor)
    forwards = await page(db, room, limit, after=first)
    found = [entries[0], *forwards.entries]
    while not forwards.newest:
        assert forwards.after is not None
        forwards = await page(db, room, limit, after=TimelinePlace.read(forwards.after))
        found += forwards.entries
    assert found == entries


async def test_who_waits_at_the_end_gets_what_comes_then(db: asyncpg.Pool) -> None:
    room = await a_room(db)
    end = (await page(db, room, 10)).after
    assert end is not None

    nothing = await page(db, room, 10, after=TimelinePlace.read(end))
    assert (nothing.entries, nothing.newest, nothing.after) == ([], True, end)

    await append_messages(db, conversation_id=room, messages=[message(300)])
    (came,) = (await page(db, room, 10, after=TimelinePlace.read(end))).entries
    assert came.message is not None
    assert came.message.id == "m300"


@pytest.mark.parametrize("seq", range(1, 26, 4))
async def test_a_seq_leads_to_its_message_wherever_it_was_said(db: asyncpg.Pool, seq: int) -> None:
    room = await a_room(db)
    entries = await whole(db, room)

    around = await page(db, room, 9, at=seq)

    seqs = [entry.message.seq if entry.message else None for entry in around.entries]
    place = seqs.index(seq)
    assert place == min(4, entries.index(around.entries[place]))
    at = entries.index(around.entries[0])
    assert entries[at : at + len(around.entries)] == around.entries
    assert (around.before is None) == (at == 0)


async def test_a_time_leads_to_what_happened_around_it(db: asyncpg.Pool) -> None:
    room = await a_room(db)
    entries = await whole(db, room)
    moment = NOON + timedelta(minutes=5)

    around = await page(db, room, 10, at=moment)

    earlier = [entry for entry in entries if entry.at < moment]
    later = [entry for entry in entries if entry.at >= moment]
    assert around.entries == earlier[-5:] + later[:5]


async def test_a_seq_that_is_gone_leads_to_the_one_that_arrived_before(db: asyncpg.Pool) -> None:
    room = await a_room(db)
    await db.execute("delete from message where seq = 12")

    around = await page(db, room, 3, at=12)

    assert 11 in [entry.message.seq for entry in around.entries if entry.message]
    assert (await page(db, room, 4, at=10**15)).entries != []
    assert (await page(db, room, 4, at=0)).entries == (await whole(db, room))[:2]


@pytest.mark.parametrize("kind", ALL_KINDS)
async def test_kinds_may_be_chosen(db: asyncpg.Pool, kind: str) -> None:
    room = await a_room(db)
    expected = [entry for entry in await whole(db, room) if entry.kind == kind]

    assert (await page(db, room, 200, kinds=[kind])).entries == expected


async def test_a_timeline_of_nothing_is_empty(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="empty")
    assert await page(db, room, 10) == Timeline(entries=[], newest=True, message_count=0)
    with pytest.raises(ConversationNotFound):
        await page(db, ConversationId(uuid4()), 10)


async def test_ids_with_strange_letters_are_cursors_too(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="strange")
    ids = [".", "1.2.3", "ä é~ %20", "'; drop table message; --", "…", " "]
    events = [event(0).model_copy(update={"id": one}) for one in ids]
    await record_events(db, conversation_id=room, events=events)

    found: list[str] = []
    read = await page(db, room, 1)
    while True:
        found += [entry.event.id for entry in read.entries if entry.event]
        if read.before is None:
            break
        read = await page(db, room, 1, before=TimelinePlace.read(read.before))

    assert sorted(found) == sorted(ids)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1.1", "x.1.1", "1.9.1", "1.1.x", "1.1.", "1.1.-1", "1.1.99999999999999999999",
     "9" * 30 + ".1.1", "1.2.a\x00b", "1.².1", "²2.1.1", "--1.1.1", "1.11.1"],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no cursor"):
        TimelinePlace.read(text)
