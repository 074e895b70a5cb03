"""What the second wall costs a search: the same pool with and without it, in pairs.

Each question is asked twice in a row, in either order, of one connection that sees all and of one
that takes the requests' role and names the conversation. Medians of pairs: what else runs on the
machine meets both.
"""

import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.bench_database import temporary_database
from benchmarks.cpu_clock import CpuClock
from benchmarks.search_rooms import BenchRoom, GivenEmbedder, Question, fill_room
from retrieval.ann.maintenance import AnnMaintenance
from retrieval.database.live_pool import LivePool
from retrieval.database.pool import connect
from retrieval.database.roles import APP
from retrieval.search import search_conversation
from retrieval.wire import SearchRequest

if TYPE_CHECKING:
    from pathlib import Path

    from retrieval.database.connection import Database

ROUNDS = 10
K = 10


async def measure_wall(
    sizes: Sequence[int], *, data: "Path | None", questions: int
) -> dict[str, Any]:
    """By room size: milliseconds with and without, and how much more that is."""
    async with temporary_database() as url:
        owner = await connect(url, pool_size=1)
        rooms = [
            await fill_room(owner, count=size, data=data, questions=questions) for size in sizes
        ]
        await AnnMaintenance(owner).prepare()
        await owner.execute("vacuum analyze")
        embedder = GivenEmbedder()
        for room in rooms:
            embedder.vectors |= {question.text: question.vector for question in room.questions}
        walled = await connect(url, pool_size=1, role=APP)
        try:
            return {
                str(len(room.alone)): await _compared(room, embedder, owner, walled)
                for room in rooms
            }
        finally:
            await walled.close()
            await owner.close()


async def _compared(
    room: BenchRoom, embedder: GivenEmbedder, owner: LivePool, walled: LivePool
) -> dict[str, float]:
    seen = walled.of(room.conversation_id)
    clock = await CpuClock.of(owner)
    order = random.Random(0)  # noqa: S311 - of a measurement
    pairs: list[tuple[tuple[float, float], tuple[float, float]]] = []
    for turn in range(ROUNDS + 1):
        for question in room.questions:
            both: list[tuple[int, Database]] = [(0, owner), (1, seen)]
            order.shuffle(both)
            spent = {place: await _spent(db, embedder, room, question, clock) for place, db in both}
            if turn:  # the first warms up
                pairs.append((spent[0], spent[1]))
    figures = np.array(pairs)  # pair, without or with, processor time or wall time
    without, behind = np.median(figures, axis=0)
    more = np.median(figures[:, 1] - figures[:, 0], axis=0)
    share = np.median(figures[:, 1] / figures[:, 0], axis=0)
    found = {
        "cpu_ms_without": without[0],
        "cpu_ms_behind": behind[0],
        "cpu_ms_more": more[0],
        "cpu_ratio": share[0],
        "wall_ms_without": without[1],
        "wall_ms_behind": behind[1],
        "wall_ms_more": more[1],
        "wall_ratio": share[1],
    }
    return {"pairs": len(pairs)} | {name: round(float(one), 3) for name, one in found.items()}


async def _spent(
    db: "Database",
    embedder: GivenEmbedder,
    room: BenchRoom,
    question: Question,
    clock: CpuClock,
) -> tuple[float, float]:
    cpu, wall = clock.ms(), time.perf_counter()
    await search_conversation(
        db,
        embedder,
        conversation_id=room.conversation_id,
        request=SearchRequest(query=question.text, limit=K),
    )
    return clock.ms() - cpu, (time.perf_counter() - wall) * 1000
