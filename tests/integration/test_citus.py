"""The same schema and the same SQL on a Citus cluster, sharded by conversation.

Runs where TEST_CITUS_URL names a coordinator; its schema longroom is dropped before and after.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from retrieval.ann.maintenance import AnnMaintenance
from retrieval.ann.tiers import Tier, TierLimits
from retrieval.changes.correction import correct_message
from retrieval.changes.erasure.conversation import erase_conversation
from retrieval.changes.erasure.everywhere import erase_everywhere
from retrieval.changes.erasure.ledger_lines import all_lines
from retrieval.changes.erasure.message import erase_message
from retrieval.changes.erasure.participant import erase_participant
from retrieval.changes.erasure.replay import replay
from retrieval.database.connection import open_connection
from retrieval.database.migrations import migrate
from retrieval.database.pool import connect
from retrieval.database.roles import APP, BACKGROUND
from retrieval.database.schema import FORMER_TABLES
from retrieval.database.sql_script import statements
from retrieval.embeddings import model_migration, queue
from retrieval.embeddings import model_registry as embedding_models
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.coverage import Coverage, read_coverage
from retrieval.embeddings.drain import drain
from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.errors import (
    ConversationNotFound,
    MessageConflict,
    MessagesErased,
    StaleEpoch,
)
from retrieval.search import search_conversation
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.source import Wanted
from retrieval.search.stored.nearest import nearest
from retrieval.search.vector.cosines import Preferred, Target
from retrieval.store.changes import changes
from retrieval.store.conversations import create_conversation, create_room, join_conversation
from retrieval.store.events import record_events
from retrieval.store.messages import append_messages, recent_messages
from retrieval.store.overview.activity import ActivityPlace, RoomFilter
from retrieval.store.overview.conversations import conversation_overview, conversations_page
from retrieval.store.overview.coverage import conversation_coverage
from retrieval.store.overview.rooms import rooms_page
from retrieval.store.overview.sessions import sessions_page
from retrieval.store.overview.status import database_status, embedding_lag_s
from retrieval.store.overview.timeline import timeline_page
from retrieval.store.sessions import save_session
from retrieval.store.turn_traces import newest_turns, record_turns, turn
from retrieval.wire import ConversationId, SearchRequest
from tests.integration.test_migrations import SHIPPED
from tests.integration.test_own_schema import FORMER, install_former
from tests.support.builders import event, message, summary, trace
from tests.support.fakes import HashEmbedder

CITUS_URL = os.environ.get("TEST_CITUS_URL", "")
DISTRIBUTE = Path(__file__).parents[2] / "deploy" / "citus" / "distribute.sql"

OLD = [name for names in FORMER_TABLES.values() for name in names]
LATER = ("message_edit", "erased", "erasure", "evidence", "turn_trace")

pytestmark = pytest.mark.skipif(not CITUS_URL, reason="TEST_CITUS_URL names no Citus coordinator")


@pytest.fixture
async def sharded_url() -> AsyncIterator[str]:
    """A migrated and distributed database."""
    await execute(CITUS_URL, "drop schema if exists longroom cascade")
    await migrate(CITUS_URL)
    await execute(CITUS_URL, *statements(DISTRIBUTE.read_text()))
    yield CITUS_URL
    await execute(CITUS_URL, "drop schema longroom cascade")


@pytest.fixture
async def cluster(sharded_url: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await connect(sharded_url)
    yield pool
    pool.terminate()


async def execute(url: str, *script: str) -> None:
    connection = await open_connection(url)
    try:
        for statement in script:
            await connection.execute(statement)
    finally:
        await connection.close()


# Sharded while it had rows, unlike an installation: those are left beside the shards.
FORGET_LOCAL_ROWS = """
select truncate_local_data_after_distributing_table('public.conversation')
"""

ACTIVE_MODEL = """
insert into embedding_model (model_id, name, dimension, state) values (1, 'm', 3, 'active')
"""


async def test_history_is_kept_by_a_sharded_database(cluster: asyncpg.Pool) -> None:
    await cluster.execute(ACTIVE_MODEL)
    rooms = [await create_room(cluster, name=f"room {number}") for number in range(4)]
    await asyncio.gather(
        *(
            append_messages(
                cluster,
                conversation_id=room,
                messages=[message(10 * batch + i) for i in range(10)],
            )
            for room, _ in rooms
            for batch in range(5)
        )
    )
    for number, (room, created) in enumerate(rooms):
        assert created
        assert await create_room(cluster, name=f"room {number}") == (room, False)
        joined = await join_conversation(cluster, room=f"room {number}", window=12)
        assert [one.id for one in joined.window] == [f"m{n}" for n in range(38, 50)]
        assert joined.message_count == 50
    assert await cluster.fetchval("select count(*) from embedding_job") == 200


async def test_batches_stay_idempotent_on_a_sharded_database(cluster: asyncpg.Pool) -> None:
    room, _ = await create_room(cluster, name="helpdesk")
    batch = [message(1), message(2, "order A-48213")]
    await append_messages(cluster, conversation_id=room, messages=batch)
    again = await append_messages(cluster, conversation_id=room, messages=[*batch, message(3)])
    assert [outcome.status for outcome in again.outcomes] == ["duplicate", "duplicate", "stored"]
    with pytest.raises(MessageConflict):
        await append_messages(
            cluster, conversation_id=room, messages=[message(4), message(1, "else")]
        )
    page = await recent_messages(cluster, conversation_id=room, limit=10, after=1)
    assert [one.seq for one in page.messages] == [2, 3]
    with pytest.raises(ConversationNotFound):
        await append_messages(cluster, conversation_id=ConversationId(uuid4()), messages=batch)


async def test_a_replaced_agent_is_refused_and_marked_by_a_sharded_database(
    cluster: asyncpg.Pool,
) -> None:
    old, new = [
        await join_conversation(cluster, room="den", window=0, identity=agent, session_id="s")
        for agent in ("old", "new")
    ]
    assert old.epoch is not None
    room = ConversationId(new.conversation_id)
    await append_messages(cluster, conversation_id=room, messages=[message(2)], epoch=new.epoch)
    with pytest.raises(StaleEpoch):
        await append_messages(cluster, conversation_id=room, messages=[message(1)], epoch=old.epoch)
    late = message(1).model_copy(update={"epoch": old.epoch})
    await append_messages(cluster, conversation_id=room, messages=[late])
    page = await recent_messages(cluster, conversation_id=room, limit=9)
    assert [(m.id, m.epoch) for m in page.messages] == [("m1", old.epoch), ("m2", None)]


async def test_rooms_share_the_conversation_of_a_key_on_a_sharded_database(
    cluster: asyncpg.Pool,
) -> None:
    await create_room(cluster, name="web")
    phone, web, after = [
        await join_conversation(
            cluster, room=room, key="ada", window=0, identity=agent, session_id="s"
        )
        for room, agent in (("phone", "a"), ("web", "b"), ("web", "c"))
    ]
    id_ = ConversationId(phone.conversation_id)
    assert id_ == web.conversation_id == (await create_conversation(cluster, key="ada"))[0]
    assert (phone.epoch, web.epoch, after.epoch) == (1, 1, 2)
    for number, room, epoch in ((1, "phone", 1), (2, "web", 2)):
        said = message(number).model_copy(update={"room": room})
        await append_messages(cluster, conversation_id=id_, messages=[said], epoch=epoch, room=room)
    with pytest.raises(StaleEpoch):
        await append_messages(
            cluster, conversation_id=id_, messages=[message(3)], epoch=1, room="web"
        )
    page = await recent_messages(cluster, conversation_id=id_, limit=9)
    assert [(m.id, m.room) for m in page.messages] == [("m1", "phone"), ("m2", "web")]


async def test_events_and_sessions_are_kept_by_a_sharded_database(cluster: asyncpg.Pool) -> None:
    room, _ = await create_room(cluster, name="helpdesk")
    assert await record_events(cluster, conversation_id=room, events=[event(1)]) == 1
    assert await record_events(cluster, conversation_id=room, events=[event(1), event(2)]) == 1
    for count in (3, 7):
        await save_session(cluster, session_id="s", summary=summary(room, message_count=count))
    assert await cluster.fetchval("select message_count from session") == 7
    unknown = ConversationId(uuid4())
    with pytest.raises(ConversationNotFound):
        await record_events(cluster, conversation_id=unknown, events=[event(1)])


async def test_later_migrations_reach_a_sharded_database(
    sharded_url: str, cluster: asyncpg.Pool, tmp_path: Path
) -> None:
    for file in (DISTRIBUTE.parents[2] / "migrations").glob("*.sql"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "9999_later.sql").write_text(
        "alter table message add column later text;\n"
        "alter table conversation add column later text;\n"
        "create index message_later on message (conversation_id, later);\n"
    )
    assert await migrate(sharded_url, folder=tmp_path) == ["9999_later"]
    room, _ = await create_room(cluster, name="helpdesk")
    await append_messages(cluster, conversation_id=room, messages=[message(1)])
    assert await cluster.fetchval("select later from message") is None


async def test_deleting_a_conversation_empties_its_shards(cluster: asyncpg.Pool) -> None:
    room, _ = await create_room(cluster, name="helpdesk")
    await append_messages(cluster, conversation_id=room, messages=[message(1)])
    await cluster.execute("delete from conversation where conversation_id = $1", room)
    assert await cluster.fetchval("select count(*) from message_term") == 0


async def test_embeddings_are_filled_and_models_changed_on_a_sharded_database(
    cluster: asyncpg.Pool,
) -> None:
    rooms = [(await create_room(cluster, name=f"room {number}"))[0] for number in range(4)]
    batch = [message(number) for number in range(30)]
    for room in rooms:
        await append_messages(cluster, conversation_id=room, messages=batch)
    old = await embedding_models.ensure_model(cluster, name="old", dimension=64)
    counts = await embedding_models.pending_counts(cluster, model_id=old.model_id)
    assert counts.pending == 120
    limits = BatchLimits(passages=8, quiet=timedelta(0))
    workers = [EmbeddingWorker(cluster, HashEmbedder(), old, limits=limits) for _ in range(2)]
    await asyncio.gather(*(worker.drain() for worker in workers))
    everything = Coverage(messages=120, embedded=120, smoothed=120, failed=0)
    assert await read_coverage(cluster, model_id=old.model_id) == everything

    new = await model_migration.begin(cluster, name="new", dimension=64)
    assert await embedding_models.enqueue_missing(cluster, model_id=new.model_id) == 120
    assert await drain(
        cluster, [HashEmbedder()], new, limits=limits, patience_s=60, on_pending=lambda _: None
    )
    assert await read_coverage(cluster, model_id=new.model_id) == everything
    agreement = await model_migration.agreement(cluster, old=old.model_id, new=new.model_id)
    assert agreement == 1.0
    await embedding_models.activate(cluster, model_id=new.model_id)
    await model_migration.drop_rows(cluster, model_id=old.model_id)
    assert (await read_coverage(cluster, model_id=old.model_id)).embedded == 0


async def test_messages_are_given_up_and_tried_again_on_a_sharded_database(
    cluster: asyncpg.Pool,
) -> None:
    model = await embedding_models.ensure_model(cluster, name="m", dimension=64)
    room, _ = await create_room(cluster, name="helpdesk")
    await append_messages(cluster, conversation_id=room, messages=[message(1), message(2)])
    limits = BatchLimits(quiet=timedelta(0))
    await cluster.execute("update embedding_job set attempts = $1 where seq = 2", limits.attempts)
    await EmbeddingWorker(cluster, HashEmbedder(), model, limits=limits).drain()
    assert await read_coverage(cluster, model_id=model.model_id) == Coverage(2, 1, 1, 1)
    await queue.retry_failed(cluster, model_id=model.model_id)
    await EmbeddingWorker(cluster, HashEmbedder(), model, limits=limits).drain()
    assert await read_coverage(cluster, model_id=model.model_id) == Coverage(2, 2, 2, 0)


async def test_large_rooms_are_prepared_and_searched_on_a_sharded_database(
    cluster: asyncpg.Pool,
) -> None:
    embedder = HashEmbedder()
    model = await ensure_model(cluster, name=embedder.name, dimension=embedder.dimension)
    room, _ = await create_room(cluster, name="helpdesk")
    said = [message(number, f"word{number} is what was said") for number in range(1, 151)]
    await append_messages(cluster, conversation_id=room, messages=said)
    limits = BatchLimits(quiet=timedelta(0))
    await EmbeddingWorker(cluster, embedder, model, limits=limits).drain()
    assert await AnnMaintenance(cluster, limits=TierLimits(exact=100, coded=100)).prepare()
    assert await cluster.fetchval("select count(*) from message_code") == 150
    for tier in (Tier(), Tier(coded_to=100)):
        (vector,) = await embedder.embed(["ana: word77 is what was said"], kind="query")
        found = await nearest(
            cluster,
            Target(room, model.model_id, vector),
            wanted=Wanted(
                Filters(None, None, ["ana"], None, []),
                Preferred(About(), 0.0, [], 0.0),
                smoothed=False,
                limit=10,
            ),
            tier=tier,
        )
        assert len(found) == 10
        assert 77 in found
    response = await search_conversation(
        cluster, embedder, conversation_id=room, request=SearchRequest(query="word77")
    )
    assert response.hits[0].message.seq == 77


async def test_the_wall_stands_on_a_sharded_database(sharded_url: str) -> None:
    app = await connect(sharded_url, role=APP)
    try:
        rooms = [
            (await create_room(app.of_names(room=name), name=name))[0] for name in ("den", "attic")
        ]
        for number, room in enumerate(rooms):
            said = [message(10 * number + i, f"order {number}-{i}") for i in range(5)]
            await append_messages(app.of(room), conversation_id=room, messages=said)
            await record_events(app.of(room), conversation_id=room, events=[event(1)])
        den, attic = rooms
        for table in ("conversation", "message", "message_term", "conversation_event", "room"):
            count = f"select count(*) from {table}"  # noqa: S608
            assert await app.fetchval(count) == 0, table
            ids = f"select distinct conversation_id from {table}"  # noqa: S608
            found = await app.of(den).fetch(ids)
            assert [row[0] for row in found] == [den], table
        with pytest.raises(ConversationNotFound):
            await recent_messages(app.of(den), conversation_id=attic, limit=9)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await record_events(app.of(den), conversation_id=attic, events=[event(2)])
        response = await search_conversation(
            app.of(attic),
            HashEmbedder(),
            conversation_id=attic,
            request=SearchRequest(query="order 1-3"),
        )
        assert "order 1-3" in [hit.message.content for hit in response.hits]
    finally:
        app.terminate()


async def test_a_sharded_installation_of_before_is_moved(sharded_url: str) -> None:
    """With the shards; a statement that runs on all of them shows it."""
    await execute(sharded_url, "drop schema longroom cascade")
    try:
        await install_former(sharded_url)
        before = [
            line
            for line in statements(DISTRIBUTE.read_text())
            if not any(later in line for later in ("search_path", "role longroom", *LATER))
        ]
        await execute(sharded_url, *before, FORGET_LOCAL_ROWS)
        assert await migrate(sharded_url) == SHIPPED[FORMER:]
        pool = await connect(sharded_url, role=APP)
        den = pool.of_names(room="den")
        room, created = await create_room(den, name="den")
        assert not created
        await append_messages(pool.of(room), conversation_id=room, messages=[message(1)])
        page = await recent_messages(pool.of(room), conversation_id=room, limit=9)
        assert page.message_count == 1
        await pool.close()
    finally:
        await execute(sharded_url, *(f"drop table if exists public.{t} cascade" for t in OLD))


async def test_erasing_and_correcting_work_inside_one_shard(cluster: asyncpg.Pool) -> None:
    embedder = HashEmbedder()
    model = await ensure_model(cluster, name=embedder.name, dimension=embedder.dimension)
    room, _ = await create_room(cluster, name="room")
    other, _ = await create_conversation(cluster, key="other")
    for where in (room, other):
        said = [message(n, participant="ben" if n % 3 else "ana") for n in range(1, 31)]
        await append_messages(cluster, conversation_id=where, messages=said)
        recalled = [trace(n, shown=[{"message_id": f"m{n + k}"} for k in (1, 2)]) for n in (1, 9)]
        assert await record_turns(cluster, conversation_id=where, traces=recalled) == 2
        assert await record_turns(cluster, conversation_id=where, traces=recalled) == 0
    await record_events(cluster, conversation_id=room, events=[event(1)])
    await EmbeddingWorker(cluster, embedder, model).drain()

    await correct_message(
        cluster,
        conversation_id=room,
        message_id="m3",
        content="Corrected.",
        metadata=None,
        keep_edits=True,
    )
    assert (await erase_message(cluster, conversation_id=room, message_id="m6")).complete
    dry = await erase_participant(cluster, conversation_id=room, identity="ben", dry_run=True)
    assert (await erase_participant(cluster, conversation_id=room, identity="ben")).rows == dry.rows
    page = await newest_turns(cluster, conversation_id=room, limit=9, degraded=None)
    assert [line.question_id for line in page.turns] == ["m9"]
    drawn = await turn(cluster, conversation_id=room, question_id="m9")
    assert drawn.trace.shown == []
    told = await changes(cluster, conversation_id=room, after=0, limit=10)
    assert [one.kind for one in told.changes] == ["corrected", "erased", "participant_erased"]
    with pytest.raises(MessagesErased):
        await append_messages(cluster, conversation_id=room, messages=[message(6)])

    everywhere = await erase_everywhere(cluster, identity="ben")
    assert everywhere.conversations == [other]
    with pytest.raises(MessagesErased):
        await append_messages(
            cluster, conversation_id=other, messages=[message(40, participant="ben")]
        )
    lines = [line async for line in all_lines(cluster)]
    async for so_far in replay(cluster, lines):
        assert not so_far.came_back
    receipt = await erase_conversation(cluster, conversation_id=room)
    assert receipt.complete
    assert await erase_conversation(cluster, conversation_id=room) == receipt
    with pytest.raises(ConversationNotFound):
        await recent_messages(cluster, conversation_id=room, limit=5)


async def test_an_operator_sees_all_shards(cluster: asyncpg.Pool, sharded_url: str) -> None:
    await cluster.execute(ACTIVE_MODEL)
    for number in range(6):
        key = "customer" if number % 2 else None
        room, _ = await create_room(cluster, name=f"room {number}", key=key)
        await append_messages(cluster, conversation_id=room, messages=[message(number)])
        await record_turns(
            cluster, conversation_id=room, traces=[trace(number, degraded="late", added_ms=1.0)]
        )
        await record_events(cluster, conversation_id=room, events=[event(number)])
        await save_session(cluster, session_id=f"s {number}", summary=summary(room))
    background = await connect(sharded_url, role=BACKGROUND)
    app = await connect(sharded_url, role=APP)
    try:
        names: list[str] = []
        place: ActivityPlace | None = None
        while True:
            page = await rooms_page(
                background, model_id=1, limit=2, after=place, only=RoomFilter("ROOM", degraded=True)
            )
            names += [one.name for one in page.rooms]
            assert all(one.recent.added_ms_p95 == 1.0 for one in page.rooms)
            if page.next is None:
                break
            place = ActivityPlace.read(page.next)
        assert sorted(names) == [f"room {number}" for number in range(6)]
        found = await conversations_page(background, model_id=1, limit=10)
        assert sorted(one.pending for one in found.conversations) == [1, 1, 1, 3]
        assert (await database_status(background))["writable"]
        assert await embedding_lag_s(background, model_id=1) >= 0
        seen = app.of(room)
        whole = await conversation_overview(seen, conversation_id=room, model_id=1)
        assert (whole.rooms, whole.turns) == (["room 1", "room 3", "room 5"], 3)
        coverage = await conversation_coverage(seen, conversation_id=room, model_id=1, model="m")
        assert coverage.waiting == 3
        assert len((await sessions_page(seen, conversation_id=room, limit=2)).sessions) == 2
        timeline = await timeline_page(seen, conversation_id=room, limit=20, at=2)
        kinds = [entry.kind for entry in timeline.entries]
        assert {kind: kinds.count(kind) for kind in set(kinds)} == dict.fromkeys(set(kinds), 3)
        assert len(kinds) == 12
    finally:
        background.terminate()
        app.terminate()
