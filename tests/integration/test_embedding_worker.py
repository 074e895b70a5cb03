"""The embedding worker on a real database: every message is embedded exactly once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import asyncpg
import numpy as np
import pytest

from retrieval.embedders import Embedder, Embeddings, EmbedKind
from retrieval.embeddings import model_registry as embedding_models
from retrieval.embeddings import queue
from retrieval.embeddings.batch import PROBE_TEXT, BatchLimits
from retrieval.embeddings.model_registry import EmbeddingModel, PendingCounts, ensure_model
from retrieval.embeddings.smoothing import smoothed
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.errors import EmbeddingRejected, EmbeddingUnavailable
from retrieval.store.conversations import create_room
from retrieval.store.messages import PENDING_CHANNEL, append_messages
from retrieval.wire import ConversationId
from tests.support.builders import message
from tests.support.fakes import HashEmbedder

NO_QUIET = timedelta(0)
LIMITS = BatchLimits(passages=8, quiet=NO_QUIET)


class FailingEmbedder(HashEmbedder):
    """Refuses texts with "poison", or all texts; `away_for` calls fail first."""

    def __init__(self) -> None:
        super().__init__()
        self.away_for = 0
        self.refuses_everything = False
        self.calls = 0

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        self.calls += 1
        if self.away_for:
            self.away_for -= 1
            raise EmbeddingUnavailable("nobody answers")
        if self.refuses_everything or any("poison" in text for text in texts):
            raise EmbeddingRejected("refused with status 400")
        return await super().embed(texts, kind=kind)


class StuckEmbedder(HashEmbedder):
    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        self.asked.set()
        await asyncio.Event().wait()
        raise AssertionError("not reached")


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    conversation_id, _ = await create_room(db, name="helpdesk")
    return conversation_id


@pytest.fixture
async def model(db: asyncpg.Pool) -> EmbeddingModel:
    return await ensure_model(db, name="hash", dimension=64)


async def _append(
    db: asyncpg.Pool, room: ConversationId, *numbers: int, content: str = "message"
) -> None:
    batch = [message(number, f"{content} number {number}") for number in numbers]
    await append_messages(db, conversation_id=room, messages=batch)


def _worker(
    db: asyncpg.Pool,
    model: EmbeddingModel,
    embedder: Embedder | None = None,
    *,
    limits: BatchLimits = LIMITS,
    poll_interval_s: float = 30.0,
) -> EmbeddingWorker:
    return EmbeddingWorker(
        db,
        embedder or HashEmbedder(),
        model,
        limits=limits,
        poll_interval_s=poll_interval_s,
        pause_s=0.01,
    )


@asynccontextmanager
async def _running(worker: EmbeddingWorker) -> AsyncIterator[None]:
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        worker.stop()
        await task


async def _rows(db: asyncpg.Pool, *, smoothed: bool) -> dict[tuple[int, int], np.ndarray]:
    found = await db.fetch(
        "select seq, passage, embedding from message_embedding where smoothed = $1", smoothed
    )
    assert len({(row["seq"], row["passage"]) for row in found}) == len(found)
    return {
        (row["seq"], row["passage"]): row["embedding"].to_numpy().astype(np.float32)
        for row in found
    }


async def _counts(db: asyncpg.Pool, model: EmbeddingModel) -> PendingCounts:
    return await embedding_models.pending_counts(db, model_id=model.model_id)


async def _until_embedded(db: asyncpg.Pool, messages: int, *, smoothed: bool = True) -> None:
    while len(await _rows(db, smoothed=smoothed)) < messages:  # noqa: ASYNC110 - rows tell nobody
        await asyncio.sleep(0.02)


async def test_everything_becomes_embedded_once(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, *range(1, 31))
    await _worker(db, model).drain()
    alone = await _rows(db, smoothed=False)
    assert set(alone) == {(seq, 0) for seq in range(1, 31)}
    assert set(await _rows(db, smoothed=True)) == set(alone)
    assert await _counts(db, model) == PendingCounts(pending=0, failed=0)


async def test_the_row_holds_the_participant_and_what_searches_filter_by(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    sent = message(1, "where is my order", participant="Ana")
    await append_messages(db, conversation_id=room, messages=[sent])
    embedder = HashEmbedder()
    await _worker(db, model, embedder).drain()
    assert embedder.texts_embedded == ["Ana: where is my order"]
    (row,) = await db.fetch("select * from message_embedding where not smoothed")
    assert (row["participant"], row["role"], row["created_at"]) == ("Ana", "user", sent.created_at)
    (expected,) = await embedder.embed(["Ana: where is my order"], kind="document")
    assert np.allclose(row["embedding"].to_numpy(), expected, atol=1e-3)


async def test_a_new_message_is_embedded_without_waiting_for_the_poll(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    async with _running(_worker(db, model, poll_interval_s=3600)):
        await asyncio.sleep(0.2)  # it has looked once and waits for a notification
        await _append(db, room, 1)
        await _until_embedded(db, 1)


async def test_polling_finds_messages_without_a_notification(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    async with _running(_worker(db, model, poll_interval_s=0.05)):
        await asyncio.sleep(0.1)
        await _append(db, room, 1)
        await db.execute("delete from message_embedding")
        await db.execute(
            "insert into embedding_job select conversation_id, 1, seq from message"
            " on conflict do nothing"
        )
        await _until_embedded(db, 1)


async def test_a_foreign_notification_is_ignored(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    async with _running(_worker(db, model, poll_interval_s=3600)):
        await asyncio.sleep(0.1)
        await db.execute("select pg_notify($1, 'not an id')", PENDING_CHANNEL)
        await _append(db, room, 1)
        await _until_embedded(db, 1)


async def test_a_worker_killed_in_mid_batch_leaves_nothing_unembedded_or_doubled(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, *range(1, 21))
    # What kill -9 leaves behind: claimed, with a lease that runs on, and no one to give it back.
    await db.execute(
        "update embedding_job set leased_until = now() + interval '0.5 s', attempts = 1"
        " where seq between 1 and 8"
    )
    await _worker(db, model).drain()
    assert set(await _rows(db, smoothed=False)) == {(seq, 0) for seq in range(1, 21)}
    assert set(await _rows(db, smoothed=True)) == {(seq, 0) for seq in range(1, 21)}


async def test_a_cancelled_worker_releases_its_claim_at_once(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, 1, 2)
    embedder = StuckEmbedder()
    task = asyncio.create_task(_worker(db, model, embedder).run())
    await embedder.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    free = await db.fetch("select attempts from embedding_job where leased_until is null")
    assert [row["attempts"] for row in free] == [0, 0]


async def test_an_expired_lease_duplicates_nothing(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    """Two workers embed the same message: the second one's rows are not stored again."""
    await _append(db, room, 1, 2, 3)
    no_lease = BatchLimits(passages=8, quiet=NO_QUIET, lease=timedelta(0))
    workers = [_worker(db, model, limits=no_lease) for _ in range(3)]
    await asyncio.gather(*(worker.drain() for worker in workers))
    assert set(await _rows(db, smoothed=False)) == {(1, 0), (2, 0), (3, 0)}
    assert set(await _rows(db, smoothed=True)) == {(1, 0), (2, 0), (3, 0)}


async def test_several_workers_share_one_conversation_and_leave_no_gap(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, *range(1, 201))
    embedders = [HashEmbedder() for _ in range(3)]
    await asyncio.gather(*(_worker(db, model, embedder).drain() for embedder in embedders))
    embedded = [text for embedder in embedders for text in embedder.texts_embedded]
    assert len(embedded) == len(set(embedded)) == 200
    # All three, if the machine has time for them.
    assert sum(bool(embedder.texts_embedded) for embedder in embedders) > 1
    assert len(await _rows(db, smoothed=True)) == 200


async def test_one_by_one_and_in_bulk_give_the_same_rows(
    db: asyncpg.Pool, model: EmbeddingModel
) -> None:
    rooms = [(await create_room(db, name=name))[0] for name in ("slow", "bulk")]
    patient = BatchLimits(passages=8, quiet=timedelta(hours=1))
    for number in range(1, 13):
        await _append(db, rooms[0], number)
        await _worker(db, model, limits=patient).drain()
    await _append(db, rooms[1], *range(1, 13))
    await _worker(db, model, limits=patient).drain()
    for kind in (True, False):
        slow, bulk = [
            await db.fetch(
                "select seq, passage, embedding::text from message_embedding"
                " where conversation_id = $1 and smoothed = $2 order by 1, 2",
                room,
                kind,
            )
            for room in rooms
        ]
        assert slow == bulk
        assert len(slow) == (11 if kind else 12)  # the newest still waits for its successor


async def test_context_vectors_follow_the_formula(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    long = "Another sentence of a long message. " * 60
    sent = [message(number, f"note {number}") for number in range(1, 6)]
    sent[1] = message(2, long)
    await append_messages(db, conversation_id=room, messages=sent)
    await _worker(db, model, limits=BatchLimits(passages=64, quiet=NO_QUIET)).drain()
    alone = await _rows(db, smoothed=False)
    passages = [row for (seq, _), row in sorted(alone.items()) if seq == 2]
    assert len(passages) > 1
    own = {
        seq: np.stack([row for (s, _), row in sorted(alone.items()) if s == seq])
        for seq in range(1, 6)
    }
    expected = {
        1: smoothed(own[1], words=2, mixed_in=[(own[2], 0.4)]),
        2: smoothed(own[2], words=360, mixed_in=[(own[1], 0.8), (own[3], 0.4)]),
        3: smoothed(own[3], words=2, mixed_in=[(own[2], 0.8), (own[1], 0.3), (own[4], 0.4)]),
        5: smoothed(own[5], words=2, mixed_in=[(own[4], 0.8), (own[3], 0.3)]),
    }
    found = await _rows(db, smoothed=True)
    for seq, rows in expected.items():
        stored = np.stack([row for (s, _), row in sorted(found.items()) if s == seq])
        assert np.allclose(stored, rows, atol=1e-3)


async def test_the_newest_message_is_completed_after_a_quiet_while(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, 1, 2)
    limits = BatchLimits(passages=8, quiet=timedelta(seconds=1))
    async with _running(_worker(db, model, limits=limits, poll_interval_s=0.1)):
        await _until_embedded(db, 2, smoothed=False)
        await _until_embedded(db, 2)
        first = (await _rows(db, smoothed=True))[2, 0]
        await _append(db, room, 3)
        await _until_embedded(db, 3)
    assert np.array_equal((await _rows(db, smoothed=True))[2, 0], first)  # never changed


async def test_a_refused_message_keeps_its_reason_and_the_others_are_embedded(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, 1, 2)
    await _append(db, room, 3, content="poison")
    await _append(db, room, 4, 5)
    await _worker(db, model, FailingEmbedder()).drain()
    assert set(await _rows(db, smoothed=False)) == {(1, 0), (2, 0), (4, 0), (5, 0)}
    assert set(await _rows(db, smoothed=True)) == {(1, 0), (2, 0), (4, 0), (5, 0)}
    assert await _counts(db, model) == PendingCounts(pending=0, failed=1)
    failed = await db.fetch("select seq, failure from embedding_job")
    assert [tuple(row) for row in failed] == [(3, "refused with status 400")]


async def test_a_server_that_refuses_everything_marks_no_message_as_failed(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, 1, 2)
    embedder = FailingEmbedder()
    embedder.refuses_everything = True
    with pytest.raises(EmbeddingUnavailable, match="settings are wrong"):
        await _worker(db, model, embedder).drain()
    assert await _counts(db, model) == PendingCounts(pending=2, failed=0)
    embedder.refuses_everything = False
    await _worker(db, model, embedder).drain()
    assert embedder.texts_embedded.count(PROBE_TEXT) == 0
    assert await _counts(db, model) == PendingCounts(pending=0, failed=0)


async def test_an_unavailable_embedder_costs_no_attempt(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, 1, 2)
    embedder = FailingEmbedder()
    embedder.away_for = 10
    async with _running(_worker(db, model, embedder)):
        await _until_embedded(db, 2)
    assert embedder.calls == 11
    assert await _counts(db, model) == PendingCounts(pending=0, failed=0)


async def test_a_message_on_which_workers_keep_dying_is_marked_as_failed(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, 1, 2, 3)
    await db.execute("update embedding_job set attempts = $1 where seq = 2", LIMITS.attempts)
    await _worker(db, model).drain()
    assert set(await _rows(db, smoothed=True)) == {(1, 0), (3, 0)}
    assert "5 workers ended" in await db.fetchval("select failure from embedding_job")


async def test_a_batch_holds_as_many_passages_as_allowed_but_whole_messages(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    class Counting(HashEmbedder):
        sizes: list[int] = []

        async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
            self.sizes.append(len(texts))
            return await super().embed(texts, kind=kind)

    long = "Another sentence of a long message. " * 200
    sent = [message(1, "short"), message(2, long), message(3, "short"), message(4, "short")]
    await append_messages(db, conversation_id=room, messages=sent)
    embedder = Counting()
    await _worker(db, model, embedder).drain()
    passages = len([key for key in await _rows(db, smoothed=False) if key[0] == 2])
    assert passages > LIMITS.passages
    assert embedder.sizes == [1, passages, 2]


async def test_a_lost_database_connection_does_not_end_the_worker(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    async with _running(_worker(db, model, poll_interval_s=3600)):
        await _append(db, room, 1)
        await _until_embedded(db, 1)
        own = await db.fetchval("select pg_backend_pid()")
        await db.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid not in ($1, pg_backend_pid())",
            own,
        )
        await asyncio.sleep(0.2)
        await _append(db, room, 2)
        await _until_embedded(db, 2)


async def test_a_conversation_deleted_meanwhile_leaves_nothing(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    class Erasing(HashEmbedder):
        async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
            await db.execute("delete from conversation")
            return await super().embed(texts, kind=kind)

    await _append(db, room, 1, 2)
    await _worker(db, model, Erasing()).drain()
    assert await db.fetchval("select count(*) from message_embedding") == 0
    assert await db.fetchval("select count(*) from embedding_job") == 0


async def test_a_live_room_does_not_wait_for_a_large_import(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    live, _ = await create_room(db, name="live")
    await _append(db, room, *range(1, 101), content="import")
    embedder = HashEmbedder()
    worker = _worker(db, model, embedder)
    await _append(db, live, 1, content="live")
    worker.wake(live)
    await worker.drain()
    assert "live number 1" in embedder.texts_embedded[0]


async def test_a_stopped_worker_finishes_its_batch_and_returns(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, *range(1, 101))
    worker = _worker(db, model)
    task = asyncio.create_task(worker.run())
    await _until_embedded(db, 1, smoothed=False)
    worker.stop()
    await task
    assert await db.fetchval("select count(*) from embedding_job where leased_until > now()") == 0


async def test_the_real_model_s_vectors_are_stored_and_found(
    db: asyncpg.Pool, room: ConversationId, minilm: Embedder
) -> None:
    model = await ensure_model(db, name=minilm.name, dimension=minilm.dimension)
    texts = ["The cat sleeps on the router.", "My invoice for March is missing.", "Good morning!"]
    sent = [message(number, text) for number, text in enumerate(texts, start=1)]
    await append_messages(db, conversation_id=room, messages=sent)
    await _worker(db, model, minilm).drain()
    (query,) = await minilm.embed(["Which bill has not arrived?"], kind="query")
    alone = await _rows(db, smoothed=False)
    best = max(alone, key=lambda place: float(alone[place] @ query))
    assert best == (2, 0)


async def test_appended_messages_are_counted_as_pending(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    await _append(db, room, 1, 2)
    assert await _counts(db, model) == PendingCounts(pending=2, failed=0)


async def test_claiming_stops_at_its_limit_without_statistics(
    db: asyncpg.Pool, room: ConversationId, model: EmbeddingModel
) -> None:
    """Right after an import the statistics are empty, and a sort would read the whole queue."""
    await db.execute(
        "insert into embedding_job (conversation_id, model_id, seq)"
        " select $1, $2, n from generate_series(1, 20000) n",
        room,
        model.model_id,
    )
    async with db.acquire() as connection, connection.transaction():
        await connection.execute(queue.IN_INDEX_ORDER)
        rows = await connection.fetch(
            f"explain (analyze, timing off, costs off) {queue.CLAIM}",
            room,
            model.model_id,
            64,
            timedelta(seconds=60),
        )
    plan = "\n".join(row[0] for row in rows)
    assert "Sort" not in plan
    assert "rows=20000" not in plan


async def test_cancelling_ends_it_also_while_its_connection_breaks(
    db: asyncpg.Pool, model: EmbeddingModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cleaning up on a dead connection raises, and that error hides the cancellation."""
    listening = asyncio.Event()
    add_listener = asyncpg.Connection.add_listener
    remove_listener = asyncpg.Connection.remove_listener

    async def add(connection: asyncpg.Connection, *arguments: Any) -> None:
        await add_listener(connection, *arguments)
        listening.set()

    async def fail(connection: asyncpg.Connection, *arguments: Any) -> None:
        await remove_listener(connection, *arguments)
        raise asyncpg.ConnectionDoesNotExistError("connection was closed")

    monkeypatch.setattr(asyncpg.Connection, "add_listener", add)
    monkeypatch.setattr(asyncpg.Connection, "remove_listener", fail)
    task = asyncio.create_task(_worker(db, model).run())
    await listening.wait()
    task.cancel()
    ended, _ = await asyncio.wait([task], timeout=5)
    task.cancel()
    assert ended == {task}
    assert task.cancelled()
