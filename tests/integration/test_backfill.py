"""The backfill as a process, killed and restarted."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest

from longroom.database import embedded_database
from retrieval.database.pool import connect
from retrieval.embedders import Embeddings, EmbedKind
from retrieval.embeddings import model_migration
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.coverage import Coverage, read_coverage
from retrieval.embeddings.drain import drain
from retrieval.embeddings.model_registry import (
    activate,
    active_model,
    enqueue_missing,
    ensure_model,
)
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.errors import EmbeddingUnavailable, ModelMismatch
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId
from testbed.forked_program import run_forked
from tests.support.builders import message
from tests.support.command_line import ROOT, CommandLine
from tests.support.fakes import HashEmbedder

MODEL = "all-MiniLM-L6-v2"


class UnavailableEmbedder(HashEmbedder):
    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        raise EmbeddingUnavailable("no answer")


def _environment(database_url: str, **settings: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": database_url, "COLUMNS": "200", **settings}


async def _backfill(
    database_url: str, *arguments: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    env = _environment(database_url, **settings)
    return await asyncio.to_thread(run_forked, "retrieval.backfill", arguments, env=env, cwd=ROOT)


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    conversation_id, _ = await create_room(db, name="helpdesk")
    return conversation_id


async def _append(db: asyncpg.Pool, room: ConversationId, *, first: int = 1, last: int) -> None:
    batch = [message(number) for number in range(first, last + 1)]
    await append_messages(db, conversation_id=room, messages=batch)


async def test_everything_is_embedded_and_counted(
    db: asyncpg.Pool, database_url: str, room: ConversationId
) -> None:
    await _append(db, room, last=70)
    done = await _backfill(database_url, "--workers", "2")
    assert (done.returncode, done.stdout) == (0, f"70 of 70 messages are embedded with {MODEL}\n")
    coverage = await read_coverage(db, model_id=1)
    assert (coverage.messages, coverage.embedded, coverage.missing) == (70, 70, 0)


async def test_a_dry_run_counts_and_changes_nothing(
    db: asyncpg.Pool, database_url: str, room: ConversationId
) -> None:
    await _append(db, room, last=3)
    done = await _backfill(database_url, "--dry-run")
    assert done.returncode == 1
    assert done.stdout == f"0 of 3 messages are embedded with {MODEL}\n3 are pending\n"
    assert await active_model(db) is None


async def test_messages_without_embedding_and_job_are_found(
    db: asyncpg.Pool, database_url: str, room: ConversationId
) -> None:
    await ensure_model(db, name=MODEL, dimension=384)
    await _append(db, room, last=5)
    await db.execute("delete from embedding_job")
    done = await _backfill(database_url)
    assert (done.returncode, done.stdout) == (0, f"5 of 5 messages are embedded with {MODEL}\n")


async def test_failed_messages_are_reported_and_retried_on_request(
    db: asyncpg.Pool, database_url: str, room: ConversationId
) -> None:
    await ensure_model(db, name=MODEL, dimension=384)
    await _append(db, room, last=2)
    await db.execute("update embedding_job set failure = 'refused' where seq = 2")
    done = await _backfill(database_url)
    assert done.returncode == 1
    assert "1 of 2 messages are embedded" in done.stdout
    assert "1 were given up" in done.stdout
    again = await _backfill(database_url, "--retry-failed")
    assert (again.returncode, again.stdout) == (0, f"2 of 2 messages are embedded with {MODEL}\n")


async def test_after_kill_at_most_one_batch_is_repeated(
    db: asyncpg.Pool, database_url: str, room: ConversationId
) -> None:
    await _append(db, room, last=400)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "retrieval.backfill", "--batch-size", "16"),
        env=_environment(database_url),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not await db.fetchval("select count(*) from message_embedding"):  # noqa: ASYNC110 - rows tell nobody
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    leased = await db.fetchval("select count(*) from embedding_job where leased_until is not null")
    assert leased <= 16
    embedded = await db.fetchval("select count(*) from message_embedding where not smoothed")
    assert 0 < embedded < 400
    await db.execute("update embedding_job set leased_until = now()")  # as if the lease had ended
    done = await _backfill(database_url)
    assert done.returncode == 0
    assert (await read_coverage(db, model_id=1)).embedded == 400


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DATABASE_URL", "", "`longroom backfill`"),
        ("DATABASE_URL", "postgresql://127.0.0.1:9/none", "cannot connect"),
        ("EMBEDDING_PROVIDER", "magic", "EMBEDDING_PROVIDER: "),
        ("EMBEDDING_DIMENSION", "768", "EMBEDDING_DIMENSION is 768"),
    ],
)
async def test_a_failed_start_is_one_line(
    database_url: str, name: str, value: str, reason: str
) -> None:
    done = await _backfill(database_url, **{name: value})
    assert done.returncode == 2
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


async def test_longroom_backfill_embeds_in_the_embedded_database_and_shows_progress(
    data_dir: Path,
) -> None:
    async with embedded_database(data_dir) as logins:
        db = await connect(logins.owner)
        room, _ = await create_room(db, name="helpdesk")
        await _append(db, room, last=3)
        await db.close()
    done = await asyncio.to_thread(CommandLine(data_dir, {"COLUMNS": "120"}).run, "backfill")
    assert (done.returncode, done.stdout) == (0, f"3 of 3 messages are embedded with {MODEL}\n")
    assert re.search(r"embedding \S+ 3/3 ", done.stderr), done.stderr
    assert not (data_dir / "postgres" / "cluster" / "postmaster.pid").exists()


async def test_another_model_than_the_active_one_is_refused_unless_asked_for(
    db: asyncpg.Pool, database_url: str
) -> None:
    await ensure_model(db, name="other", dimension=64)
    done = await _backfill(database_url)
    assert done.returncode == 2
    assert f"longroom backfill --model {MODEL}" in done.stderr


@pytest.mark.parametrize("keep", [True, False])
async def test_moving_to_another_model_ends_with_only_the_new_one_compared(
    db: asyncpg.Pool, database_url: str, room: ConversationId, keep: bool
) -> None:
    old = await ensure_model(db, name="hash", dimension=64)
    await _append(db, room, last=20)
    await EmbeddingWorker(db, HashEmbedder(), old).drain()
    done = await _backfill(database_url, "--model", MODEL, *["--keep-old"] * keep)
    assert done.returncode == 0, done.stderr
    assert f"searches compare by {MODEL} now" in done.stdout
    active = await active_model(db)
    assert active is not None
    assert active.name == MODEL
    kept = await read_coverage(db, model_id=old.model_id)
    assert kept.embedded == (20 if keep else 0)


async def test_a_message_that_arrives_during_the_move_is_embedded_by_both_models(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    old = await ensure_model(db, name="hash", dimension=64)
    new = await model_migration.begin(db, name="wider", dimension=128)
    assert (await active_model(db)) == old
    await _append(db, room, last=1)
    await EmbeddingWorker(db, HashEmbedder(), old).drain()
    await EmbeddingWorker(db, HashEmbedder(dimension=128), new).drain()
    for model in (old, new):
        assert (await read_coverage(db, model_id=model.model_id)).missing == 0


async def test_one_can_move_back(db: asyncpg.Pool, room: ConversationId) -> None:
    old = await ensure_model(db, name="hash", dimension=64)
    new = await model_migration.begin(db, name="wider", dimension=128)
    await activate(db, model_id=new.model_id)
    await _append(db, room, last=3)
    with pytest.raises(ModelMismatch):
        await ensure_model(db, name="hash", dimension=64)
    back = await model_migration.begin(db, name="hash", dimension=64)
    assert (back.model_id, back.state) == (old.model_id, "filling")
    await enqueue_missing(db, model_id=back.model_id)
    await EmbeddingWorker(db, HashEmbedder(), back).drain()
    assert (await activate(db, model_id=back.model_id)).state == "active"
    assert (await read_coverage(db, model_id=back.model_id)).missing == 0


async def test_models_that_see_the_same_words_agree(db: asyncpg.Pool, room: ConversationId) -> None:
    old = await ensure_model(db, name="hash", dimension=256)
    await _append(db, room, last=30)
    await EmbeddingWorker(db, HashEmbedder(dimension=256), old).drain()
    new = await model_migration.begin(db, name="same", dimension=256)
    assert await model_migration.agreement(db, old=old.model_id, new=new.model_id) is None
    await enqueue_missing(db, model_id=new.model_id)
    await EmbeddingWorker(db, HashEmbedder(dimension=256), new).drain()
    assert await model_migration.agreement(db, old=old.model_id, new=new.model_id) == 1.0


async def test_the_active_model_s_rows_cannot_be_dropped(db: asyncpg.Pool) -> None:
    model = await ensure_model(db, name="hash", dimension=64)
    with pytest.raises(ValueError, match="active"):
        await model_migration.drop_rows(db, model_id=model.model_id)


async def test_draining_gives_up_while_the_embedder_is_unavailable(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    model = await ensure_model(db, name="hash", dimension=64)
    await _append(db, room, last=3)
    seen: list[int] = []
    done = await drain(
        db,
        [UnavailableEmbedder()],
        model,
        limits=BatchLimits(),
        patience_s=0.5,
        on_pending=seen.append,
    )
    assert not done
    assert set(seen) == {3}


async def test_coverage_counts_exactly(db: asyncpg.Pool, room: ConversationId) -> None:
    model = await ensure_model(db, name="hash", dimension=64)
    await _append(db, room, last=4)
    await db.execute("update embedding_job set failure = 'refused' where seq = 2")
    await EmbeddingWorker(db, HashEmbedder(), model).drain()
    coverage = await read_coverage(db, model_id=model.model_id)
    assert coverage == Coverage(messages=4, embedded=3, smoothed=2, failed=1)
    assert coverage.missing == 1


def test_the_reference_runtime_is_not_needed_for_help() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "retrieval.backfill", "--help"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    for heavy in ("torch", "onnxruntime", "asyncpg", "numpy"):
        assert f" {heavy}\n" not in done.stderr
