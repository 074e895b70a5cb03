"""One run of the backfill, from a database URL to the exit code."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.backfill.options import BackfillOptions
from retrieval.database.pool import connect
from retrieval.database.roles import BACKGROUND
from retrieval.embedders import Embedder, open_embedder
from retrieval.embeddings import model_migration, model_registry, queue
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.coverage import Coverage, read_coverage
from retrieval.embeddings.drain import drain
from retrieval.embeddings.model_registry import EmbeddingModel
from retrieval.settings import EmbeddingSettings

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

EVERYTHING_EMBEDDED = 0
SOME_NOT_EMBEDDED = 1
COULD_NOT_START = 2
INTERRUPTED = 130


Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]
"""Takes the pending count; the context's value is called with each later count."""


def silent(_pending: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda _count: None)


def run(options: BackfillOptions, url: str, *, progress: Progress = silent) -> int:
    """Returns the exit code. Raises RetrievalError; ValidationError for bad EMBEDDING_ settings."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    return asyncio.run(_run(options, url, progress))


async def _run(options: BackfillOptions, url: str, progress: Progress) -> int:
    settings = EmbeddingSettings(model=options.model) if options.model else EmbeddingSettings()
    async with _pool(url, size=2 * options.workers + 1) as db:
        if options.dry_run:
            return await _count_only(db, settings)
        async with _embedders(settings, options.workers) as embedders:
            model, old = await _model(db, embedders[0], moving=options.model is not None)
            await _embed_pending(db, embedders, model, options=options, progress=progress)
        coverage = await read_coverage(db, model_id=model.model_id)
        _print_coverage(coverage, model.name)
        if coverage.missing:
            return SOME_NOT_EMBEDDED
        if old is not None:
            await _switch_over(db, model, old, keep_old=options.keep_old)
    return EVERYTHING_EMBEDDED


@asynccontextmanager
async def _pool(url: str, *, size: int) -> AsyncIterator["asyncpg.Pool[Record]"]:
    pool = await connect(url, pool_size=size, role=BACKGROUND)
    try:
        yield pool
    finally:
        await pool.close()


@asynccontextmanager
async def _embedders(settings: EmbeddingSettings, count: int) -> AsyncIterator[list[Embedder]]:
    async with AsyncExitStack() as stack:
        embedders = []
        for _ in range(count):
            embedder = await asyncio.to_thread(open_embedder, settings)
            stack.push_async_callback(embedder.aclose)
            embedders.append(embedder)
        yield embedders


async def _model(
    db: "asyncpg.Pool[Record]", embedder: Embedder, *, moving: bool
) -> tuple[EmbeddingModel, EmbeddingModel | None]:
    name, dimension = embedder.name, embedder.dimension
    active = await model_registry.active_model(db)
    if not moving or active is None or active.name == name:
        return await model_registry.ensure_model(db, name=name, dimension=dimension), None
    return await model_migration.begin(db, name=name, dimension=dimension), active


async def _embed_pending(
    db: "asyncpg.Pool[Record]",
    embedders: list[Embedder],
    model: EmbeddingModel,
    *,
    options: BackfillOptions,
    progress: Progress,
) -> None:
    await model_registry.enqueue_missing(db, model_id=model.model_id)
    if options.retry_failed:
        await queue.retry_failed(db, model_id=model.model_id)
    counts = await model_registry.pending_counts(db, model_id=model.model_id)
    with progress(counts.pending) as show:
        done = await drain(
            db,
            embedders,
            model,
            limits=BatchLimits(passages=options.batch_size),
            patience_s=options.patience_s,
            on_pending=show,
        )
    if not done:
        sys.stderr.write(f"no progress for {options.patience_s:g} s, giving up\n")


async def _switch_over(
    db: "asyncpg.Pool[Record]", model: EmbeddingModel, old: EmbeddingModel, *, keep_old: bool
) -> None:
    share = await model_migration.agreement(db, old=old.model_id, new=model.model_id)
    if share is not None:
        _print(f"{old.name} and {model.name} agree on {share:.0%} of the nearest ten messages")
    await model_registry.activate(db, model_id=model.model_id)
    _print(
        f"searches compare by {model.name} now; start backends with EMBEDDING_MODEL={model.name}"
    )
    if not keep_old:
        await model_migration.drop_rows(db, model_id=old.model_id)
        _print(f"the embeddings of {old.name} are deleted")


async def _count_only(db: "asyncpg.Pool[Record]", settings: EmbeddingSettings) -> int:
    local = settings.provider == "sentence-transformers"
    name = Path(settings.model).name if local else settings.model
    known = await model_registry.find_model(db, name=name)
    coverage = await read_coverage(db, model_id=known.model_id if known else 0)
    _print_coverage(coverage, name)
    return SOME_NOT_EMBEDDED if coverage.missing else EVERYTHING_EMBEDDED


def _print_coverage(coverage: Coverage, name: str) -> None:
    _print(f"{coverage.embedded:,} of {coverage.messages:,} messages are embedded with {name}")
    if coverage.failed:
        _print(
            f"{coverage.failed:,} were given up; their reasons stand in embedding_job.failure,"
            " --retry-failed tries them again"
        )
    if coverage.missing > coverage.failed:
        _print(f"{coverage.missing - coverage.failed:,} are pending")


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")
