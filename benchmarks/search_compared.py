"""The search's processor time beside alternatives', by room size.

Milliseconds of database and this process, without the query's embedding: wall time depends on what
else runs on the machine.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import search_peers as peers
from benchmarks.bench_database import open_pool, temporary_database
from benchmarks.cpu_clock import CpuClock, quantile
from benchmarks.search_load import measure_load
from benchmarks.search_rooms import BenchRoom, GivenEmbedder, Matrix, Question, fill_room
from retrieval.ann.maintenance import AnnMaintenance
from retrieval.ann.tiers import Tier, tier_of
from retrieval.search import search_conversation
from retrieval.search.context import read_context
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.source import Wanted
from retrieval.search.stored.nearest import nearest
from retrieval.search.vector.cosines import Preferred, Target
from retrieval.wire import SearchRequest

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

    Pool = asyncpg.Pool[Record]

K = 10
WARM_UP = 5
NO_FILTERS = Filters(None, None, None, None, [])
NO_PREFERENCE = Preferred(About(), 0.0, [], 0.0)


@dataclass(frozen=True)
class Bench:
    """`clock` counts the pool's one connection."""

    db: "Pool"
    embedder: GivenEmbedder
    clock: CpuClock


async def measure_compared(
    sizes: Sequence[int], *, data: Path | None, questions: int, hnsw: bool
) -> dict[str, Any]:
    """By room size, and under load; JSON."""
    async with temporary_database() as url, open_pool(url, size=1) as db:
        rooms = []
        for size in sizes:
            _say(f"filling a room of {size:,} messages")
            rooms.append(await fill_room(db, count=size, data=data, questions=questions))
        await db.execute("vacuum analyze")
        bench = Bench(db, _embedder(rooms), await CpuClock.of(db))
        exact = [await _ask_all(bench, room) for room in rooms]
        await AnnMaintenance(db).prepare()
        await db.execute("vacuum analyze message_code")
        figures: dict[str, Any] = {str(len(room.alone)): {} for room in rooms}
        for room, hits in zip(rooms, exact, strict=True):
            figures[str(len(room.alone))] |= await _ours(bench, room, hits)
        await _peers(bench, rooms, figures, hnsw=hnsw)
        async with open_pool(url, size=32) as many:
            load = await measure_load(many, bench.embedder, rooms)
        return {"sizes": figures, **load}


async def _ours(bench: Bench, room: BenchRoom, exact: list[list[int]]) -> dict[str, Any]:
    tier = await _tier(bench.db, room)

    async def vector_arm(db: "Pool", room: BenchRoom, query: Matrix) -> list[int]:
        wanted = Wanted(NO_FILTERS, NO_PREFERENCE, smoothed=True, limit=K)
        target = Target(room.conversation_id, 1, query)
        return [int(seq) for seq in await nearest(db, target, wanted=wanted, tier=tier)]

    async def whole(question: Question) -> list[int]:
        return await _hybrid(bench, room, question)

    size = f"{len(room.alone):,} messages"
    return {
        "hybrid_ms": await _timed(bench, room, whole, exact, label=f"{size}: whole search"),
        "vector_ms": await _by_vector(bench, room, vector_arm, label=f"{size}: vector arm"),
    }


async def _peers(
    bench: Bench, rooms: Sequence[BenchRoom], figures: dict[str, Any], *, hnsw: bool
) -> None:
    compared: dict[str, peers.Peer] = {"numpy_ms": peers.by_numpy, "naive_ms": peers.by_wide_table}
    await peers.run_script(bench.db, peers.WIDE_TABLE)
    if hnsw:
        _say("building one HNSW index over all rooms")
        await peers.run_script(bench.db, peers.GLOBAL_HNSW)
        compared["hnsw_ms"] = peers.by_global_hnsw
        compared["hnsw_iterative_ms"] = peers.by_iterative_hnsw
    for room in rooms:
        for name, peer in compared.items():
            size = len(room.alone)
            label = f"{size:,} messages: {name.removesuffix('_ms')}"
            figures[str(size)][name] = await _by_vector(bench, room, peer, label=label)


async def _by_vector(
    bench: Bench, room: BenchRoom, peer: peers.Peer, *, label: str
) -> dict[str, float]:
    """Times and recall of questions about the room, and recall of questions off topic."""

    async def ask(question: Question) -> list[int]:
        return await peer(bench.db, room, question.vector)

    right = [peers.exact_in_memory(room, question.vector) for question in room.questions]
    figures = await _timed(bench, room, ask, right, label=label)
    shares = [
        _share(await peer(bench.db, room, vector), peers.exact_in_memory(room, vector))
        for vector in room.strangers
    ]
    return figures | {"recall10_off_topic": round(float(np.mean(shares)), 3)}


def _share(found: Sequence[int], expected: Sequence[int]) -> float:
    if not expected:
        return float(not found)
    return len(set(found) & set(expected)) / len(expected)


async def _timed(
    bench: Bench,
    room: BenchRoom,
    ask: Callable[[Question], Awaitable[list[int]]],
    right: Sequence[list[int]],
    *,
    label: str,
) -> dict[str, float]:
    """Percentiles of processor time, and the mean share of the `right` answers found."""
    for question in room.questions[:WARM_UP]:
        await ask(question)
    spent, recall = [], []
    for question, expected in zip(room.questions, right, strict=True):
        start = bench.clock.ms()
        found = await ask(question)
        spent.append(bench.clock.ms() - start)
        recall.append(_share(found, expected))
    figures = {
        "p50": round(quantile(spent, 0.5), 2),
        "p95": round(quantile(spent, 0.95), 2),
        "recall10": round(float(np.mean(recall)), 3),
    }
    _say(f"{label}: p50 {figures['p50']} ms, p95 {figures['p95']} ms, {figures['recall10']:.1%}")
    return figures


async def _ask_all(bench: Bench, room: BenchRoom) -> list[list[int]]:
    """Exact answers: called before codes and HNSW exist."""
    return [await _hybrid(bench, room, question) for question in room.questions]


async def _hybrid(bench: Bench, room: BenchRoom, question: Question) -> list[int]:
    response = await search_conversation(
        bench.db,
        bench.embedder,
        conversation_id=room.conversation_id,
        request=SearchRequest(query=question.text, limit=K),
    )
    return [hit.message.seq for hit in response.hits]


async def _tier(db: "Pool", room: BenchRoom) -> Tier:
    context = await read_context(db, conversation_id=room.conversation_id, query="x")
    return tier_of(context.prepared, passages=context.passage_count)


def _embedder(rooms: Sequence[BenchRoom]) -> GivenEmbedder:
    embedder = GivenEmbedder()
    for room in rooms:
        embedder.vectors |= {question.text: question.vector for question in room.questions}
    return embedder


def _say(line: str) -> None:
    print(line, flush=True)
