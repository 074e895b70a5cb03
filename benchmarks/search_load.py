"""Concurrent searches, mostly in a small room, alone and while messages are written."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.cpu_clock import CpuClock, quantile
from benchmarks.search_rooms import (
    BATCH,
    BenchRoom,
    GivenEmbedder,
    Question,
    clustered,
    messages,
    store_rows,
    with_neighbours,
)
from retrieval.search import search_conversation
from retrieval.store.messages import append_messages
from retrieval.wire import MessageId, SearchRequest

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

    Pool = asyncpg.Pool[Record]

SEARCHES = 400
SMALL_SHARE = 0.8
CLIENTS = (1, 8, 32)
WRITTEN_AT_ONCE = 10


@dataclass(frozen=True)
class Load:
    """`clock` counts all connections of the pool."""

    db: "Pool"
    embedder: GivenEmbedder
    clock: CpuClock
    searched: list[tuple[BenchRoom, Question]]


async def measure_load(
    db: "Pool", embedder: GivenEmbedder, rooms: Sequence[BenchRoom]
) -> dict[str, Any]:
    """Throughput and wall time with 1, 8 and 32 clients, then with 8 beside a writer."""
    async with AsyncExitStack() as stack:
        for _ in range(max(CLIENTS)):
            await stack.enter_async_context(db.acquire())
    clock = await CpuClock.of(db)
    load = Load(db, embedder, clock, _random_searches(rooms))
    await _search(load, clients=max(CLIENTS))  # so far no connection has planned its statements
    concurrency = {str(clients): await _search(load, clients=clients) for clients in CLIENTS}
    writing = asyncio.create_task(_write(db, rooms[0]))
    try:
        ingest = await _search(load, clients=8)
    finally:
        writing.cancel()
        written = await asyncio.gather(writing, return_exceptions=True)
    assert isinstance(written[0], asyncio.CancelledError), written
    return {"concurrency": concurrency, "during_ingest": ingest}


def _random_searches(rooms: Sequence[BenchRoom]) -> list[tuple[BenchRoom, Question]]:
    """Four of five searches go to the first room, the others to the second."""
    random = np.random.default_rng(11)
    drawn = []
    for number in range(SEARCHES):
        room = rooms[0] if random.random() < SMALL_SHARE else rooms[min(1, len(rooms) - 1)]
        drawn.append((room, room.questions[number % len(room.questions)]))
    return drawn


async def _search(load: Load, *, clients: int) -> dict[str, float]:
    waiting = iter(load.searched)
    wall_ms: list[float] = []

    async def client() -> None:
        for room, question in waiting:
            start = time.perf_counter()
            await search_conversation(
                load.db,
                load.embedder,
                conversation_id=room.conversation_id,
                request=SearchRequest(query=question.text),
            )
            wall_ms.append((time.perf_counter() - start) * 1000)

    start = load.clock.ms()
    await asyncio.gather(*(client() for _ in range(clients)))
    spent_s = (load.clock.ms() - start) / 1000
    figures = {
        "per_core_s": round(len(wall_ms) / spent_s, 1),
        "wall_p50": round(quantile(wall_ms, 0.5), 1),
        "wall_p95": round(quantile(wall_ms, 0.95), 1),
    }
    print(f"{clients} at once: {figures}", flush=True)
    return figures


async def _write(db: "Pool", room: BenchRoom) -> None:
    random = np.random.default_rng(12)
    while True:
        first = len(room.alone) + 1
        said = messages(BATCH, data=None, random=random)
        vectors = clustered(BATCH, random=random)
        room.alone = np.concatenate([room.alone, vectors])
        room.smoothed = np.concatenate([room.smoothed, with_neighbours(vectors)])
        for start in range(0, BATCH, WRITTEN_AT_ONCE):
            fresh = [
                one.model_copy(update={"id": MessageId(f"w{first}-{start}-{number}")})
                for number, one in enumerate(said[start : start + WRITTEN_AT_ONCE])
            ]
            await append_messages(db, conversation_id=room.conversation_id, messages=fresh)
            last = first + start + WRITTEN_AT_ONCE - 1
            await store_rows(db, room, first=first + start, last=last)
            await asyncio.sleep(0.02)
