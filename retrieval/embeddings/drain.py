"""Embeds everything pending with several workers, for the backfill."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from retrieval.embedders.protocol import Embedder
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.context_vectors import complete_all
from retrieval.embeddings.model_registry import EmbeddingModel, pending_counts
from retrieval.embeddings.worker import EmbeddingWorker

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

POLL_INTERVAL_S = 1.0


async def drain(
    db: "asyncpg.Pool[Record]",
    embedders: Sequence[Embedder],
    model: EmbeddingModel,
    *,
    limits: BatchLimits,
    patience_s: float,
    on_pending: Callable[[int], None],
) -> bool:
    """Work until nothing is pending: one worker per embedder, beside workers of other processes.

    Calls `on_pending` about once a second. False: the count has not fallen for `patience_s`.
    """
    workers = [EmbeddingWorker(db, embedder, model, limits=limits) for embedder in embedders]
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.run())
        done = await _watch(db, model, patience_s=patience_s, on_pending=on_pending)
        for worker in workers:
            worker.stop()
    # A message whose successor was deleted while pending is completed by nothing else.
    await complete_all(db, model_id=model.model_id, quiet=limits.quiet)
    return done


async def _watch(
    db: "asyncpg.Pool[Record]",
    model: EmbeddingModel,
    *,
    patience_s: float,
    on_pending: Callable[[int], None],
) -> bool:
    clock = asyncio.get_running_loop().time
    fewest, since = None, clock()
    pause_s = 0.05
    while pending := (await pending_counts(db, model_id=model.model_id)).pending:
        on_pending(pending)
        if fewest is None or pending < fewest:
            fewest, since = pending, clock()
        elif clock() - since > patience_s:
            return False
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, POLL_INTERVAL_S)
    on_pending(0)
    return True
