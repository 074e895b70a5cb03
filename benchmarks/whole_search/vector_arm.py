"""The search's vector part beside numpy over the same rows, held in memory."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.cpu_clock import CpuClock, quantile
from benchmarks.search_rooms import Matrix
from benchmarks.whole_search.rooms import Room, vectors_of
from retrieval.columns import Integers
from retrieval.search.candidates import PROPOSED
from retrieval.search.context import read_context
from retrieval.search.memory.loading.load import load
from retrieval.search.memory.source import MemorySource
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.source import Wanted
from retrieval.search.stored.source import StoredSource
from retrieval.search.vector.cosines import Preferred, Target

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

MOST_BYTES = 2**36
K = 10
"""Of the PROPOSED."""
WARM_UP = 5
ROUNDING = 1e-5
"""Of a sum of 384 products: messages closer than this may change places."""
WANTED = Wanted(
    Filters(None, None, None, None, []),
    Preferred(About(), 0.0, [], 0.0),
    smoothed=True,
    limit=PROPOSED,
)


@dataclass(frozen=True)
class Arm:
    """`clock` reads milliseconds of processor time, of what takes part."""

    nearest: Callable[[Target], Awaitable[Integers]]
    clock: Callable[[], float]


async def compare_vector_arm(
    db: "asyncpg.Pool[Record]", room: Room, *, asked: Matrix, off_topic: Matrix
) -> dict[str, float]:
    """`db` has one connection. What the database answers has `sql_` before its name; JSON."""
    seqs, rows = await vectors_of(db, room)

    async def by_numpy(target: Target) -> Integers:
        return seqs[_by_numpy(rows, target.vector)]

    arms = {"numpy_": Arm(by_numpy, _own_ms), **await _arms(db, room)}
    spent: dict[str, list[float]] = {name: [] for name in arms}
    shares: dict[str, list[float]] = {name: [] for name in arms}
    strangers: dict[str, list[float]] = {name: [] for name in arms}
    for number, vector in enumerate((*asked[:WARM_UP], *asked)):
        for name, arm in arms.items():
            start = arm.clock()
            found = await arm.nearest(_target(room, vector))
            took = arm.clock() - start
            if number >= WARM_UP:
                spent[name].append(took)
                shares[name].append(recall(found.tolist(), seqs, rows, vector))
    for vector in off_topic:
        for name, arm in arms.items():
            found = await arm.nearest(_target(room, vector))
            strangers[name].append(recall(found.tolist(), seqs, rows, vector))
    figures = {"numpy_cpu_ms": round(quantile(spent["numpy_"], 0.5), 2)}
    for name in [name for name in arms if name != "numpy_"]:
        ratios = [one / other for one, other in zip(spent[name], spent["numpy_"], strict=True)]
        figures |= {
            f"{name}ratio_to_numpy": round(quantile(ratios, 0.5), 1),
            f"{name}cpu_ms": round(quantile(spent[name], 0.5), 2),
            f"{name}recall": round(float(np.mean(shares[name])), 3),
            f"{name}off_topic_recall": round(float(np.mean(strangers[name])), 3),
        }
    print(f"{room.size:,} messages, vector part: {figures}", flush=True)
    return figures


async def _arms(db: "asyncpg.Pool[Record]", room: Room) -> dict[str, Arm]:
    """By the beginning of their figures' names: of the room in memory, and of the database.

    Some rooms are too large for memory.
    """
    context = await read_context(db, conversation_id=room.conversation_id, query="x")
    stored = StoredSource(db, context)
    clock = await CpuClock.of(db)

    async def by_sql(target: Target) -> Integers:
        return await stored.nearest(target, WANTED)

    arms = {"sql_": Arm(by_sql, clock.ms)}
    held = await load(db, room.conversation_id, most_bytes=MOST_BYTES)
    if held is None:
        return arms
    memory = MemorySource(held, {}, context.message_count, context.passage_count, stored=stored)

    async def by_memory(target: Target) -> Integers:
        return await memory.nearest(target, WANTED)

    return {"": Arm(by_memory, _own_ms), **arms}


def _own_ms() -> float:
    return time.process_time() * 1000


def _target(room: Room, vector: Matrix) -> Target:
    return Target(room.conversation_id, room.model_id, vector)


def _by_numpy(rows: Matrix, vector: Matrix) -> Integers:
    cosine = rows @ vector
    best = np.argpartition(-cosine, min(PROPOSED, len(cosine) - 1))[:PROPOSED]
    return np.asarray(best[np.argsort(-cosine[best])])


def recall(found: Sequence[int], seqs: Integers, rows: Matrix, vector: Matrix) -> float:
    """The share of K messages that are as near as the K nearest: what was said twice is one tie."""
    order = np.argsort(seqs, kind="stable")
    starts = np.flatnonzero(np.diff(seqs[order], prepend=-1))
    message = seqs[order][starts]
    halved = vector.astype(np.float16).astype(np.float32)  # as the database is asked
    cosine = np.maximum.reduceat((rows @ halved)[order], starts)
    least = np.sort(cosine)[-min(K, len(cosine))]
    near = set(message[cosine >= least - ROUNDING].tolist())
    return len(near.intersection(found[:K])) / min(K, len(cosine))
