"""What a page of an overview reads, as PostgreSQL explains it: as much of a huge room as of a small
one, with 100,000 messages in one of them."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from retrieval.database.live_pool import LivePool
from retrieval.database.pool import connect
from retrieval.database.roles import APP, BACKGROUND
from retrieval.embeddings.model_registry import ensure_model
from retrieval.store import turn_figures
from retrieval.store.overview import activity, figures, rooms, sessions, timeline
from retrieval.store.overview.timeline import ALL_KINDS
from testbed.postgres import Server
from tests.support.filled_database import filled_database

HUGE = UUID(int=1)
MESSAGES = 100_000
MIDDLE = datetime(2026, 2, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)

FILL = """
insert into conversation (conversation_id, room, message_count, last_seq, newest_at, active_at)
select lpad(to_hex(number), 32, '0')::uuid, 'room ' || number, size, size, '2026-03-01',
       '2026-03-01'::timestamptz + number * interval '1 second'
  from (select number, case when number = 1 then 100000 else 30 end as size
          from generate_series(1, 2000) number) rooms;
insert into room (name, conversation_id) select room, conversation_id from conversation;
insert into message (conversation_id, seq, message_id, role, participant, content, created_at,
                     word_count)
select conversation_id, seq, 'm' || seq, 'user', 'p', 'said ' || seq,
       '2026-01-01'::timestamptz + seq * interval '1 minute', 2
  from conversation, generate_series(1, message_count) seq
 where conversation_id < '00000000-0000-0000-0000-0000000000ff';
insert into conversation_event (conversation_id, event_id, kind, created_at, data)
select conversation_id, 'e' || seq, 'metric', created_at, '{}' from message where seq % 4 = 0;
insert into session (conversation_id, session_id, agent_identity, started_at, message_count,
                     participants, usage)
select conversation_id, 's' || seq, 'agent', created_at, 0, '{}', '{}'
  from message where seq % 50 = 0;
insert into turn_trace (conversation_id, question_id, asked_at, ended_at, outcome, source,
                        search_ms, added_ms, figures, recall, mentions)
select conversation_id, message_id, created_at, created_at, 'answered', 'fresh', 1, 1, '{}', '{}',
       '{}'
  from message where seq % 4 = 0;
insert into embedding_job (conversation_id, model_id, seq)
select conversation_id, 1, seq from message where seq % 2 = 0;
"""
TABLES = ("conversation", "room", "message", "conversation_event", "session", "turn_trace",
          "embedding_job")  # fmt: skip


@pytest.fixture(scope="module")
def database_template(postgres: Server) -> Iterator[str]:
    with filled_database(postgres, _fill) as name:
        yield name


async def _fill(db: asyncpg.Pool) -> None:
    await ensure_model(db, name="m", dimension=3)
    await db.execute(FILL)
    for table in TABLES:
        await db.execute(f"vacuum analyze {table}")


@pytest.fixture(params=[None, BACKGROUND], ids=["as the owner", "as the background"])
async def everywhere(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[LivePool]:
    pool = await connect(database_url, pool_size=1, role=request.param)
    yield pool
    pool.terminate()


@pytest.fixture(params=[None, APP], ids=["without the wall", "behind it"])
async def inside(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[LivePool]:
    pool = await connect(database_url, pool_size=1, role=request.param)
    yield pool
    pool.terminate()


async def read(db: Any, sql: str, *parameters: Any) -> tuple[int, set[str]]:
    """Rows that the plan's scans came by, also those that a filter left out; and their kinds."""
    (row,) = await db.fetch(f"explain (analyze, format json) {sql}", *parameters)
    found = json.loads(row[0]) if isinstance(row[0], str) else row[0]
    scans = [node for node in _nodes(found[0]["Plan"]) if "Relation Name" in node]
    rows = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in scans
    )
    return round(rows), {f"{node['Node Type']} of {node['Relation Name']}" for node in scans}


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", []):
        yield from _nodes(inner)


def first(**changed: Any) -> list[Any]:
    """Parameters of ACTIVE."""
    given = {"since": None, "name": None, "degraded": False, "shared": True, "limit": 51} | changed
    return [
        given.get("at", END), activity.LAST_ID, given["since"], given["name"], given["degraded"],
        given["shared"], given["limit"],
    ]  # fmt: skip


async def test_a_page_of_rooms_is_read_in_the_order_of_the_index(everywhere: LivePool) -> None:
    rows, scans = await read(everywhere, activity.ACTIVE, *first())
    assert rows <= 60
    assert scans == {"Index Scan of conversation"}
    later = first(at=datetime(2026, 3, 1, 0, 10, tzinfo=UTC))
    assert (await read(everywhere, activity.ACTIVE, *later))[0] <= 60


async def test_a_filter_that_finds_nothing_looks_once_at_each(everywhere: LivePool) -> None:
    rows, _ = await read(everywhere, activity.ACTIVE, *first(name="nowhere", shared=False))
    assert rows <= 2000
    # Of each at most the newest hundred turns.
    rows, scans = await read(everywhere, activity.ACTIVE, *first(degraded=True))
    assert rows <= 2000 + 255 * 100
    assert "Seq Scan of turn_trace" not in scans


async def test_figures_read_as_much_of_a_huge_room_as_of_one_that_reaches_the_bounds(
    everywhere: LivePool,
) -> None:
    ids = [UUID(int=number) for number in range(1, 51)]
    rows, scans = await read(everywhere, figures.FIGURES, ids, 1, 1001)
    # Rows of a node are an average of its loops, rounded.
    assert rows <= 50 + 2 * 1001 + 100 + 49 * (15 + 7 + 7) + 100
    assert not {scan for scan in scans if scan.startswith("Seq Scan")} - {
        "Seq Scan of conversation"
    }


async def test_rooms_are_found_by_name_and_those_of_a_key_by_their_conversation(
    everywhere: LivePool,
) -> None:
    ids = [UUID(int=number) for number in range(1, 51)]
    names = [f"room {number}" for number in range(1, 51)]
    assert (await read(everywhere, rooms.OWN, names, ids))[0] <= 50
    rows, scans = await read(everywhere, rooms.SHARED, HUGE, "", None, 51)
    assert rows == 1
    assert scans <= {"Index Scan of room", "Index Only Scan of room"}


PLACES = {
    "the end": (timeline.BEFORE, END, 9),
    "before the middle": (timeline.BEFORE, MIDDLE, 1),
    "after the middle": (timeline.AFTER, MIDDLE, 1),
    "the beginning": (timeline.AFTER, datetime(1, 1, 1, tzinfo=UTC), -1),
}


@pytest.mark.parametrize("place", PLACES)
async def test_a_page_of_a_huge_timeline_reads_no_more_than_it_may_show(
    inside: LivePool, place: str
) -> None:
    statement, at, rank = PLACES[place]
    rows, scans = await read(
        inside.of(HUGE), statement, HUGE, at, rank, 50_000, "", [*ALL_KINDS], 51
    )
    assert rows <= 4 * 51 + 10
    assert not {scan for scan in scans if "Seq Scan" in scan or "Bitmap" in scan}


async def test_a_kind_that_is_not_wanted_is_not_read(inside: LivePool) -> None:
    _, scans = await read(inside.of(HUGE), timeline.BEFORE, HUGE, END, 9, 0, "", ["message"], 51)
    assert {scan.rpartition(" ")[2] for scan in scans} == {"message"}


async def test_a_seq_and_a_page_of_sessions_are_found_by_their_index(inside: LivePool) -> None:
    assert (await read(inside.of(HUGE), timeline.PLACE, HUGE, 70_000))[0] == 1
    rows, _ = await read(inside.of(HUGE), sessions.SESSIONS, HUGE, MIDDLE, "s10", 51)
    assert rows <= 52 + 1


async def test_figures_over_time_read_the_turns_of_that_time_alone(everywhere: LivePool) -> None:
    await everywhere.execute(
        "update turn_trace set asked_at = now() - interval '10 minutes'"
        " where conversation_id = $1 and question_id in ('m4', 'm8', 'm12')",
        HUGE,
    )
    await everywhere.execute("analyze turn_trace")
    hour = datetime.now(UTC) - timedelta(hours=1)
    minute = timedelta(minutes=1)
    for conversation_id in (None, HUGE):
        rows, scans = await read(everywhere, turn_figures.OVER_TIME, hour, minute, conversation_id)
        assert rows <= 10
        assert "Seq Scan of turn_trace" not in scans
