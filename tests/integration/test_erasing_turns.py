"""What traces of turns tell of something erased goes with it; the rest of a trace stays."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from retrieval.changes.erasure.conversation import erase_conversation
from retrieval.changes.erasure.everywhere import erase_everywhere
from retrieval.changes.erasure.message import erase_message
from retrieval.changes.erasure.participant import erase_participant
from retrieval.changes.erasure.sweep import sweep
from retrieval.changes.retention.due import preview
from retrieval.changes.retention.maintenance import Retention
from retrieval.changes.retention.rules import RetentionRule
from retrieval.database.connection import transaction
from retrieval.errors import TurnNotFound
from retrieval.store.turn_mentions import mentioned
from retrieval.store.turn_traces import newest_turns, record_turns, turn
from retrieval.wire import ConversationId, TurnTrace
from tests.integration.test_erasing import room_with
from tests.support.builders import NOON, message, trace
from tests.support.canaries import tables_of, tables_with

DAY = timedelta(days=1)


def recalling(number: int, *ids: str, **fields: Any) -> TurnTrace:
    """Each id at every place of a trace where one can stand."""
    hits = [
        {"message_id": one, "score": 0.5, "before": ids, "after": ids, "also_said": {"ids": ids}}
        for one in ids
    ]
    fields = {
        "read_as": ["my", *({"message_id": one, "start": 0, "end": 3} for one in ids)],
        "hits": hits,
        "shown": [{"message_id": one} for one in ids],
        "cut": [*ids],
        "block": {"nonce": "0f", "now": NOON, "time_zone": "UTC", "role": "user"},
    } | fields
    return trace(number, **fields)


async def kept(db: asyncpg.Pool, room: ConversationId) -> dict[str, list[str]]:
    """What each trace mentions, by its question."""
    page = await newest_turns(db, conversation_id=room, limit=200)
    found: dict[str, list[str]] = {}
    for line in page.turns:
        one = await turn(db, conversation_id=room, question_id=line.question_id)
        found[str(line.question_id)] = sorted(mentioned(one.trace))
    return found


async def test_a_message_takes_its_own_trace_and_every_mention_of_it_along(
    db: asyncpg.Pool,
) -> None:
    room = await room_with(db, [message(number) for number in range(1, 8)])
    other = await room_with(db, [message(2)], name="other")
    traces = [
        recalling(2, "m1"),  # of the message itself
        recalling(5, "m1", "m2", "m3"),
        recalling(6, "m1"),
        recalling(7, "m2"),
    ]
    await record_turns(db, conversation_id=room, traces=traces)
    await record_turns(db, conversation_id=other, traces=[recalling(7, "m2")])

    receipt = await erase_message(db, conversation_id=room, message_id="m2")

    assert await kept(db, room) == {"m5": ["m1", "m3"], "m6": ["m1"], "m7": []}
    assert await kept(db, other) == {"m7": ["m2"]}
    assert receipt.rows["turn_trace"] == 3
    of_room = await db.fetch("select t::text from turn_trace t where conversation_id = $1", room)
    assert "m2" not in str(of_room)
    left = await turn(db, conversation_id=room, question_id="m5")
    assert left.trace.read_as is not None
    assert left.trace.read_as[2] == "…"
    assert [one.after_gap for one in left.trace.shown] == [False, True]
    assert left.block is not None
    assert "> message number 1\n…\n" in left.block
    assert not left.exact
    figures = (await newest_turns(db, conversation_id=room, limit=9)).turns
    assert {(line.question_id, line.hits) for line in figures} == {("m5", 3), ("m6", 1), ("m7", 1)}


async def test_a_participant_takes_the_traces_of_their_questions_and_mentions_along(
    db: asyncpg.Pool,
) -> None:
    batch = [
        message(number, participant="ben" if number % 2 else "ana") for number in range(1, 260)
    ]
    room = await room_with(db, batch)
    traces = [
        recalling(2, "m1", "m4", "m257"),
        recalling(3, "m4", participant="ben"),
        recalling(301, "m4", participant="ben"),  # whose question was never stored
        recalling(4, "m6"),
        recalling(302, "m6", participant="ben", asked_at="2100-01-01T00:00:00Z"),
    ]
    await record_turns(db, conversation_id=room, traces=traces)

    told = await erase_participant(db, conversation_id=room, identity="ben", dry_run=True)
    receipt = await erase_participant(db, conversation_id=room, identity="ben")

    assert await kept(db, room) == {"m2": ["m4"], "m4": ["m6"], "m302": ["m6"]}
    assert receipt.rows["turn_trace"] == told.rows["turn_trace"] == 4


async def test_who_is_known_from_a_trace_alone_is_found_everywhere(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(1)])
    await record_turns(db, conversation_id=room, traces=[trace(9, participant="ben")])

    receipt = await erase_everywhere(db, identity="ben")

    assert receipt.conversations == [room]
    assert receipt.rows["turn_trace"] == 1
    assert await tables_with(db, ["ben"]) == {}
    late = [trace(8, participant="ben"), trace(1)]
    assert await record_turns(db, conversation_id=room, traces=late) == 1


async def test_a_conversation_takes_its_traces_along(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(1)])
    await record_turns(db, conversation_id=room, traces=[recalling(1, "m2"), trace(2)])

    told = await erase_conversation(db, conversation_id=room, dry_run=True)
    receipt = await erase_conversation(db, conversation_id=room)

    assert receipt.rows["turn_trace"] == told.rows["turn_trace"] == 2
    assert await tables_of(db, room) == {"erased_conversation", "erasure"}


async def test_what_arrives_behind_an_erasure_tells_nothing_of_it(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(1), message(2, participant="ben"), message(3)])
    await erase_message(db, conversation_id=room, message_id="m1")
    await erase_participant(db, conversation_id=room, identity="ben")

    traces = [
        recalling(1, "m3"),
        recalling(2, "m3", participant="ben"),
        recalling(7, "m3", participant="ben"),
        recalling(3, "m1", "m2", "m3"),
    ]

    assert await record_turns(db, conversation_id=room, traces=traces) == 1
    assert await kept(db, room) == {"m3": ["m3"]}


async def test_a_trace_that_is_recorded_while_its_message_is_erased_waits_for_it(
    db: asyncpg.Pool,
) -> None:
    room = await room_with(db, [message(1), message(2)])

    async with transaction(db) as connection:  # as an erasure does
        await connection.execute(
            "select from conversation where conversation_id = $1 for update", room
        )
        recording = asyncio.create_task(
            record_turns(db, conversation_id=room, traces=[recalling(2, "m1"), trace(1)])
        )
        await _blocked(db)
        await connection.execute(
            """
            insert into erased_message (conversation_id, id_sha256, seq, erased_at)
            values ($1, encode(sha256(convert_to($1::uuid::text || E'\\n' || 'm1', 'UTF8')), 'hex'),
                    1, now())
            """,
            room,
        )
        await connection.execute("update conversation set revision = 1")

    assert await recording == 1
    assert await kept(db, room) == {"m2": []}


async def _blocked(db: asyncpg.Pool) -> None:
    """Until somebody waits for a lock."""
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    while not await db.fetchval(waiting):  # noqa: ASYNC110 - the database tells nobody
        await asyncio.sleep(0.01)


async def test_a_sweep_finds_what_was_left_over(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(number) for number in range(1, 6)])
    await erase_message(db, conversation_id=room, message_id="m1")
    traces = [recalling(number, "m1", "m2") for number in (1, 3, 4, 5)]
    async with transaction(db) as connection:  # behind the tombstones' back
        await connection.execute("update conversation set revision = 0")
        await record_turns(connection, conversation_id=room, traces=traces)
        await connection.execute("update conversation set revision = 1")

    rows = await sweep(db, room)

    assert rows["turn_trace"] == 4
    assert await kept(db, room) == {"m5": ["m2"], "m4": ["m2"], "m3": ["m2"]}
    assert (await sweep(db, room))["turn_trace"] == 0


async def test_traces_go_after_their_days_and_with_messages_that_are_too_old(
    db: asyncpg.Pool,
) -> None:
    room = await room_with(db, [message(number) for number in range(1, 5)])
    traces = [recalling(1, "m2"), recalling(4, "m1", "m3")]
    await record_turns(db, conversation_id=room, traces=traces)
    rules = [RetentionRule(rooms="*", traces_days=14)]
    now = NOON + 14 * DAY + timedelta(minutes=2)

    assert await preview(db, rules, now=now) == [("room", {"traces": 1})]
    assert await Retention(db, rules, pause_s=0).apply(now=now) == {"traces": 1}
    assert await kept(db, room) == {"m4": ["m1", "m3"]}

    of_messages = [RetentionRule(rooms="*", messages_days=14)]
    assert await Retention(db, of_messages, pause_s=0).apply(now=now) == {"messages": 1}
    assert await kept(db, room) == {"m4": ["m3"]}
    assert await Retention(db, of_messages, pause_s=0).apply(now=now + DAY) == {"messages": 3}
    assert await kept(db, room) == {}


async def test_many_traces_go_in_several_batches(db: asyncpg.Pool) -> None:
    room = await room_with(db, [message(1)])
    await db.execute(
        """
        insert into turn_trace (conversation_id, question_id, asked_at, ended_at, outcome, source,
                                figures, recall, mentions)
        select $1, n::text, $2, $2, 'answered', 'none', '{}', '{}', '{}'
          from generate_series(1, 2001) n
        """,
        room,
        NOON,
    )
    counted: list[int] = []
    rules = [RetentionRule(rooms="*", traces_days=1)]

    await Retention(db, rules, on_removed=lambda _, count: counted.append(count), pause_s=0).apply(
        now=NOON + 2 * DAY
    )

    assert counted == [1_000, 1_000, 1]


@pytest.mark.parametrize("mentioning", [501, 1_000])
async def test_a_message_that_many_turns_recalled_goes_from_all_of_them(
    db: asyncpg.Pool, mentioning: int
) -> None:
    room = await room_with(db, [message(1), message(2)])
    traces = [recalling(number, "m1", "m2") for number in range(10, 10 + mentioning)]
    for first in range(0, mentioning, 50):
        await record_turns(db, conversation_id=room, traces=traces[first : first + 50])

    receipt = await erase_message(db, conversation_id=room, message_id="m1")

    assert receipt.rows["turn_trace"] == mentioning
    assert (
        await db.fetchval("select count(*) from turn_trace where mentions = '{m2}'") == mentioning
    )
    with pytest.raises(TurnNotFound):
        await turn(db, conversation_id=room, question_id="m1")
