"""Measures a backfill: its rate against the bare encoder's, and the delay of live searches.

    python -m benchmarks.backfill [--messages N]

One process, as in a backend: the worker and the searches share the model. The database is a new
embedded one. JSON is the last line.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from longroom.embedded_postgres.server import EmbeddedPostgres
from retrieval.database import migrations
from retrieval.database.pool import connect
from retrieval.embedders import Embedder, open_embedder
from retrieval.embedders.query_batching import BatchingEmbedder
from retrieval.embeddings.coverage import read_coverage
from retrieval.embeddings.model_registry import EmbeddingModel, ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.search import search_conversation
from retrieval.settings import EmbeddingSettings
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId, MessageCreate, MessageId, SearchRequest
from testbed.varied_texts import TEXTS

LIVE_ROOM_MESSAGES = 1_000
SEARCH_EVERY_S = 0.25
SHORT_TEXTS = 46  # the long texts come after these


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=4_000, help="messages to backfill")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder))
        try:
            figures = asyncio.run(_measure(server.start(), arguments.messages))
        finally:
            server.stop()
    for name, figure in figures.items():
        print(f"{name:36}{figure:10,.2f}")
    print(json.dumps(figures))


async def _measure(url: str, count: int) -> dict[str, float]:
    await migrations.migrate(url)
    db = await connect(url)
    embedder = BatchingEmbedder(open_embedder(EmbeddingSettings()), cache_entries=0)
    model = await ensure_model(db, name=embedder.name, dimension=embedder.dimension)
    live = await _room(db, "live", LIVE_ROOM_MESSAGES)
    await EmbeddingWorker(db, embedder, model).drain()
    bare = await _bare_rate(embedder, count)
    idle = await _searches(db, embedder, live, while_=_for_seconds(10))
    await _room(db, "imported", count)
    figures = await _backfill(db, embedder, model, live, count)
    coverage = await read_coverage(db, model_id=model.model_id)
    assert coverage.missing == 0
    await embedder.aclose()
    await db.close()
    quiet_p95, busy_p95 = _p95(idle), _p95(figures.pop("searches_ms"))
    return {
        "bare_messages_per_cpu_s": bare,
        **figures,
        "rate_of_bare": figures["backfill_messages_per_cpu_s"] / bare,
        "search_idle_p50_ms": statistics.median(idle),
        "search_idle_p95_ms": quiet_p95,
        "search_during_backfill_p95_ms": busy_p95,
        "search_p95_ratio": busy_p95 / quiet_p95,
    }


async def _backfill(
    db: asyncpg.Pool,
    embedder: Embedder,
    model: EmbeddingModel,
    live: ConversationId,
    count: int,
) -> dict[str, Any]:
    """First beside searches, for their delay; then alone, for the rate."""
    worker = EmbeddingWorker(db, embedder, model)
    running = asyncio.create_task(worker.run())
    searches_ms = await _searches(db, embedder, live, while_=_for_seconds(10))
    worker.stop()
    await running
    left = await db.fetchval("select count(*) from embedding_job")
    assert left > 0, "more --messages are needed to measure the rate"
    started, cpu = time.perf_counter(), time.process_time()
    await EmbeddingWorker(db, embedder, model).drain()
    return {
        "searches_ms": searches_ms,
        "backfill_messages_per_cpu_s": left / (time.process_time() - cpu),
        "backfill_messages_per_s": left / (time.perf_counter() - started),
    }


async def _bare_rate(embedder: Embedder, count: int) -> float:
    """Messages per second of processor time, embedding only."""
    texts = [f"ana: {_text(number)}" for number in range(min(count, 2_000))]
    started = time.process_time()
    for start in range(0, len(texts), 64):
        await embedder.embed(texts[start : start + 64], kind="document")
    return len(texts) / (time.process_time() - started)


async def _searches(
    db: asyncpg.Pool, embedder: Embedder, room: ConversationId, *, while_: Callable[[], bool]
) -> list[float]:
    """Milliseconds of each search; SEARCH_EVERY_S passes between two."""
    milliseconds = []
    number = 0
    while while_():
        number += 1
        request = SearchRequest(query=f"what did we say about {_text(number)[:60]}")
        started = time.perf_counter()
        await search_conversation(db, embedder, conversation_id=room, request=request)
        milliseconds.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(SEARCH_EVERY_S)
    return milliseconds


async def _room(db: asyncpg.Pool, name: str, count: int) -> ConversationId:
    room, _ = await create_room(db, name=name)
    first = datetime(2024, 1, 1, tzinfo=UTC)
    messages = [
        MessageCreate(
            id=MessageId(str(number)),
            role="user",
            participant="ana",
            content=_text(number),
            created_at=first + timedelta(minutes=number),
        )
        for number in range(count)
    ]
    for start in range(0, count, 500):
        await append_messages(db, conversation_id=room, messages=messages[start : start + 500])
    return room


def _text(number: int) -> str:
    return f"{TEXTS[number % SHORT_TEXTS]} {number}"


def _for_seconds(seconds: float) -> Callable[[], bool]:
    end = time.perf_counter() + seconds
    return lambda: time.perf_counter() < end


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main()
