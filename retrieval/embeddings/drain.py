"""Embeds all that is pending with as many workers as asked for, and tells how it goes."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from retrieval.embedders.protocol import Embedder
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.context_vectors import seal_all
from retrieval.embeddings.model_registry import EmbeddingModel, pending_counts
from retrieval.embeddings.worker import EmbeddingWorker

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

LOOK_EVERY_S = 1.0


async def drain(
    db: "asyncpg.Pool[Record]",
    embedders: Sequence[Embedder],
    model: EmbeddingModel,
    *,
    limits: BatchLimits,
    patience_s: float,
    on_waiting: Callable[[int], None],
) -> bool:
    """Work until no message waits: one worker per embedder, beside any that run elsewhere.

    `on_waiting` is told how many messages still wait, about once a second. Returns False if that
    number has not fallen for `patience_s`, as when the embedder stays away.
    """
    workers = [EmbeddingWorker(db, embedder, model, limits=limits) for embedder in embedders]
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(worker.run())
        done = await _watch(db, model, patience_s=patience_s, on_waiting=on_waiting)
        for worker in workers:
            worker.stop()
    # Also what nothing else would complete: a message whose successor was erased before it came.
    await seal_all(db, model_id=model.model_id, quiet=limits.quiet)
    return done


async def _watch(
    db: "asyncpg.Pool[Record]",
    model: EmbeddingModel,
    *,
    patience_s: float,
    on_waiting: Callable[[int], None],
) -> bool:
    clock = asyncio.get_running_loop().time
    fewest, since = None, clock()
    pause_s = 0.05
    while waiting := (await pending_counts(db, model_id=model.model_id)).waiting:
        on_waiting(waiting)
        if fewest is None or waiting < fewest:
            fewest, since = waiting, clock()
        elif clock() - since > patience_s:
            return False
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LOOK_EVERY_S)
    on_waiting(0)
    return True
