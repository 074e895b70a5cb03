"""The search's vector part beside numpy over the same rows, held in memory."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.cpu_clock import CpuClock, quantile
from benchmarks.search_rooms import Matrix
from benchmarks.whole_search.rooms import Room, vectors_of
from retrieval.ann.tiers import tier_of
from retrieval.columns import Integers
from retrieval.search.candidates import PROPOSED
from retrieval.search.context import read_context
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.source import Wanted
from retrieval.search.stored.nearest import nearest
from retrieval.search.vector.cosines import Preferred, Target

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

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


async def compare_vector_arm(
    db: "asyncpg.Pool[Record]", room: Room, *, asked: Matrix, off_topic: Matrix
) -> dict[str, float]:
    """`db` has one connection. Times are of both processes; JSON."""
    seqs, rows = await vectors_of(db, room)
    context = await read_context(db, conversation_id=room.conversation_id, query="x")
    tier = tier_of(context.prepared, passages=context.passage_count)
    clock = await CpuClock.of(db)

    async def arm(vector: Matrix) -> Sequence[int]:
        target = Target(room.conversation_id, room.model_id, vector)
        found: list[int] = (await nearest(db, target, wanted=WANTED, tier=tier)).tolist()
        return found

    ours, numpys, shares = [], [], []
    for vector in asked[:WARM_UP]:
        await arm(vector)
    for vector in asked:
        start = clock.ms()
        found = await arm(vector)
        between = clock.ms()
        began = time.process_time()
        _by_numpy(rows, vector)
        numpys.append((time.process_time() - began) * 1000)
        ours.append(between - start)
        shares.append(recall(found, seqs, rows, vector))
    strangers = [recall(await arm(vector), seqs, rows, vector) for vector in off_topic]
    ratios = [one / other for one, other in zip(ours, numpys, strict=True)]
    figures = {
        "ratio_to_numpy": round(quantile(ratios, 0.5), 1),
        "cpu_ms": round(quantile(ours, 0.5), 2),
        "numpy_ms": round(quantile(numpys, 0.5), 2),
        "recall": round(float(np.mean(shares)), 3),
        "off_topic_recall": round(float(np.mean(strangers)), 3),
    }
    print(f"{room.size:,} messages, vector part: {figures}", flush=True)
    return figures


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
