"""What is too old goes, with all that was made of it; the rest is as if it had never been said."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import pytest

from retrieval.changes.erasure.message import erase_message
from retrieval.changes.retention.due import preview
from retrieval.changes.retention.maintenance import LOCK_KEY, Retention, apply_once
from retrieval.changes.retention.rules import RetentionRule
from retrieval.search.candidates import SMALL_CONVERSATION
from retrieval.store.changes import changes
from retrieval.store.conversations import create_conversation, create_room
from retrieval.store.events import newest_events, record_events
from retrieval.store.messages import append_messages, recent_messages
from retrieval.store.sessions import save_session
from retrieval.wire import ConversationEvent, ConversationId, MessageCreate
from tests.integration.test_erasing import room_with, state, words_nobody_said
from tests.integration.test_order_by_time import said
from tests.support.builders import NOON, message, summary
from tests.support.canaries import tables_with
from tests.support.searches import embed_all, search

CANARY = "zyxomelon"
DAY = timedelta(days=1)


def rule(rooms: str = "*", **days: int) -> RetentionRule:
    return RetentionRule.model_validate({"rooms": rooms, **days})


def quick(db: asyncpg.Pool, rules: Sequence[RetentionRule]) -> Retention:
    return Retention(db, rules, pause_s=0)


async def contents(db: asyncpg.Pool, room: ConversationId) -> list[str]:
    page = await recent_messages(db, conversation_id=room, limit=200)
    return [one.content for one in page.messages]


def event(number: int, at: datetime, **data: str) -> ConversationEvent:
    return ConversationEvent(id=f"e{number}", kind="action", created_at=at, data=dict(data))


@pytest.mark.parametrize("count", [160, SMALL_CONVERSATION + 120])
@pytest.mark.parametrize("shuffled", [False, True], ids=["in order", "late"])
async def test_a_conversation_is_as_if_what_is_too_old_had_never_been_said(
    db: asyncpg.Pool, count: int, shuffled: bool
) -> None:
    messages = said(count)
    bound = messages[count // 2].created_at
    rest = [one for one in messages if one.created_at >= bound]
    arrived = [*messages]
    if shuffled:
        random.Random(1).shuffle(arrived)  # noqa: S311 - the same each time
    room = await room_with(db, arrived)
    left = [one for one in arrived if one in rest]
    other = await room_with(db, left, name="other")
    now = bound + 90 * DAY

    removed = await quick(db, [rule("room", messages_days=90)]).apply(now=now)

    assert removed == {"messages": count - len(rest)}
    await embed_all(db)
    assert await state(db, room) == await state(db, other)
    assert await words_nobody_said(db, room) == []
    for query in ("lama torb", "Who was in Lisbon?"):
        found, expected = [
            await search(db, one, query, limit=10, neighbours=3) for one in (room, other)
        ]
        assert [(hit.message.id, round(hit.score, 5)) for hit in found.hits] == [
            (hit.message.id, round(hit.score, 5)) for hit in expected.hits
        ]
    assert await quick(db, [rule("room", messages_days=90)]).apply(now=now) == {}


async def test_the_first_rule_that_fits_the_room_or_key_holds_and_its_kinds_alone(
    db: asyncpg.Pool,
) -> None:
    ids: dict[str, ConversationId] = {}
    for name in ("support-1", "Support-2", "sales"):
        ids[name], _ = await create_room(db, name=name)
    ids["support-key"], _ = await create_conversation(db, key="support-key")
    ids["vip"], _ = await create_conversation(db, key="vip")
    await create_room(db, name="support-of-vip", key="vip")
    for room in ids.values():
        await append_messages(db, conversation_id=room, messages=[message(1)])
        await record_events(db, conversation_id=room, events=[event(1, NOON)])
        await save_session(db, session_id="s", summary=summary(room))
    rules = [
        rule("support-*", messages_days=90, events_days=10),
        rule("vip"),
        rule("*", events_days=365, sessions_days=2),
    ]

    assert await apply_once(db, rules, now=NOON + 50 * DAY) == {"events": 2}
    assert await apply_once(db, rules, now=NOON + 100 * DAY) == {"messages": 2}
    await db.execute("update session set updated_at = $1", NOON)
    assert await apply_once(db, rules, now=NOON + 100 * DAY) == {"sessions": 2}
    assert await apply_once(db, rules, now=NOON + 500 * DAY) == {"events": 2}
    kept = {name for name, room in ids.items() if await contents(db, room)}
    assert kept == {"Support-2", "sales", "vip"}
    assert await db.fetchval("select count(*) from session") == 3
    assert len(await newest_events(db, conversation_id=ids["vip"], limit=9)) == 1


async def test_a_preview_counts_by_room_and_kind_and_removes_nothing(db: asyncpg.Pool) -> None:
    for name in ("a", "b", "kept"):
        room, _ = await create_room(db, name=name)
        await append_messages(
            db, conversation_id=room, messages=[message(number) for number in range(7)]
        )
        await record_events(
            db, conversation_id=room, events=[event(number, NOON) for number in range(3)]
        )
        ended = summary(room).model_copy(update={"ended_at": NOON})
        await save_session(db, session_id="ended", summary=ended)
        await save_session(db, session_id="goes on", summary=summary(room))
    rules = [rule("kept"), rule(messages_days=1, events_days=1, sessions_days=1)]
    now = NOON + DAY + timedelta(minutes=4)

    found = await preview(db, rules, now=now)

    counts = {"messages": 4, "events": 3, "sessions": 1}
    assert sorted(found) == [("a", counts), ("b", counts)]
    assert await db.fetchval("select count(*) from message") == 21
    removed = await apply_once(db, rules, now=now)
    assert removed == {kind: 2 * count for kind, count in counts.items()}
    assert await preview(db, rules, now=now) == []


async def test_nothing_of_what_went_is_in_any_table(db: asyncpg.Pool) -> None:
    secret = f"The {CANARY} is under the stairs."
    room = await room_with(
        db,
        [
            message(1, secret, participant=f"mr {CANARY}", metadata={"label": CANARY}),
            message(2, "Thank you.", participant="ana"),
            message(3, "It rains.", participant="ana").model_copy(
                update={"created_at": NOON + 5 * DAY}
            ),
        ],
    )
    heard = ConversationEvent(
        id="heard",
        kind="transcription",
        created_at=NOON + timedelta(minutes=1),
        participant=f"mr {CANARY}",
        data={"text": secret},
    )
    await record_events(db, conversation_id=room, events=[heard])
    assert await tables_with(db, [CANARY])

    removed = await apply_once(db, [rule(messages_days=2)], now=NOON + 3 * DAY)

    assert removed == {"messages": 2, "events": 1}
    assert await tables_with(db, [CANARY, "stairs", "thank"]) == {}
    assert await contents(db, room) == ["It rains."]


async def test_agents_are_told_once_for_a_pass_and_no_tombstone_is_left(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="room")
    messages = [message(number) for number in range(350)]
    await append_messages(db, conversation_id=room, messages=messages)
    await erase_message(db, conversation_id=room, message_id="m349")
    bound = NOON + timedelta(minutes=340)

    await quick(db, [rule(messages_days=1)]).apply(now=bound + DAY)

    found = await changes(db, conversation_id=room, after=0, limit=100)
    assert found.revision == 2
    assert [(one.revision, one.kind, one.before) for one in found.changes] == [
        (1, "erased", None),
        (2, "expired", bound),
    ]
    assert (await changes(db, conversation_id=room, after=2, limit=100)).changes == []
    assert await db.fetchval("select count(*) from erased_message") == 1


async def test_many_events_and_sessions_go_in_several_batches(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="room")
    for first in range(0, 2_500, 500):
        events = [event(n, NOON + n * timedelta(seconds=1)) for n in range(first, first + 500)]
        await record_events(db, conversation_id=room, events=events)
    await db.execute(
        """
        insert into session (conversation_id, session_id, agent_identity, started_at, ended_at,
                             message_count, participants, usage)
        select $1, n::text, 'agent', $2, $2, 1, '{}', '{}' from generate_series(1, 2001) n
        """,
        room,
        NOON,
    )
    counted: list[tuple[str, int]] = []
    rules = [rule(events_days=1, sessions_days=1)]
    now = NOON + DAY + timedelta(seconds=2_400)

    removed = await Retention(
        db, rules, on_removed=lambda kind, count: counted.append((kind, count)), pause_s=0
    ).apply(now=now)

    assert removed == {"events": 2_400, "sessions": 2_001}
    assert [count for _, count in counted] == [1_000, 1_000, 400, 1_000, 1_000, 1]
    left = await newest_events(db, conversation_id=room, limit=500)
    assert (left[0].id, len(left)) == ("e2400", 100)


async def test_what_is_imported_too_old_goes_with_the_next_pass(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="room")
    rules = [rule(messages_days=1)]
    for _ in range(2):
        await append_messages(db, conversation_id=room, messages=[message(1), message(2)])
        assert await apply_once(db, rules, now=NOON + 3 * DAY) == {"messages": 2}
    assert await contents(db, room) == []
    assert await tables_with(db, ["ana", "number"]) == {}


async def test_a_message_dated_ahead_counts_from_when_it_was_stored(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="room")
    now: datetime = await db.fetchval("select now()")
    ahead = message(1).model_copy(update={"created_at": now + 5_000 * DAY})
    await append_messages(db, conversation_id=room, messages=[ahead])

    assert await apply_once(db, [rule(messages_days=90)], now=now + 80 * DAY) == {}
    assert await apply_once(db, [rule(messages_days=90)], now=now + 91 * DAY) == {"messages": 1}


async def test_a_pass_that_broke_off_is_finished_by_the_next_one(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="room")
    speakers = [f"speaker {number}" for number in range(130)]
    messages = [message(n, participant=who) for n, who in enumerate(speakers)]
    await append_messages(db, conversation_id=room, messages=messages)
    rules = [rule(messages_days=1)]

    def killed(kind: str, count: int) -> None:
        raise KeyboardInterrupt(kind)

    with pytest.raises(KeyboardInterrupt):
        await Retention(db, rules, on_removed=killed, pause_s=0).apply(now=NOON + 9 * DAY)
    assert len(await contents(db, room)) == 30
    assert await db.fetchval("select count(distinct identity) from participant_name") == 130

    # What is left is no longer too old: a longer rule was set meanwhile.
    assert await apply_once(db, [rule(messages_days=50)], now=NOON + 9 * DAY) == {}

    assert await db.fetchval("select count(distinct identity) from participant_name") == 30
    assert not await db.fetchval("select expiring from conversation")


async def test_one_backend_at_a_time_is_at_it(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="room")
    await append_messages(db, conversation_id=room, messages=[message(1)])
    async with db.acquire() as other:
        await other.execute("select pg_advisory_lock($1)", LOCK_KEY)
        assert await apply_once(db, [rule(messages_days=1)], now=NOON + 9 * DAY) is None
        await other.execute("select pg_advisory_unlock($1)", LOCK_KEY)
    assert await apply_once(db, [rule(messages_days=1)], now=NOON + 9 * DAY) == {"messages": 1}


async def test_others_write_between_the_batches(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="room")
    old = [message(number) for number in range(300)]
    await append_messages(db, conversation_id=room, messages=old)
    written: list[MessageCreate] = []

    async def write(number: int) -> None:
        one = message(1_000 + number).model_copy(update={"created_at": NOON + 20 * DAY})
        await append_messages(db, conversation_id=room, messages=[one])
        written.append(one)

    async with asyncio.TaskGroup() as group:
        passing = group.create_task(
            Retention(db, [rule(messages_days=1)], pause_s=0.01).apply(now=NOON + 9 * DAY)
        )
        for number in range(5):
            await write(number)
    assert passing.result() == {"messages": 300}
    assert await contents(db, room) == [one.content for one in written]
