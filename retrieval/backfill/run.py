"""One run of the backfill, from the settings to the exit code."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from rich.console import Console
from rich.logging import RichHandler

from longroom.backfill_progress import BackfillProgress
from longroom.embedded_postgres.server import EmbeddedPostgres
from retrieval.database import migrations
from retrieval.database.pool import connect
from retrieval.embedders import Embedder, open_embedder
from retrieval.embeddings import model_migration, queue
from retrieval.embeddings import model_registry as embedding_models
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.coverage import Coverage, read_coverage
from retrieval.embeddings.drain import fill
from retrieval.embeddings.model_registry import EmbeddingModel
from retrieval.errors import RetrievalError
from retrieval.settings import DatabaseSettings, EmbeddingSettings

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

EVERYTHING_EMBEDDED = 0
SOME_NOT_EMBEDDED = 1
COULD_NOT_START = 2
INTERRUPTED = 130


@dataclass(frozen=True)
class BackfillOptions:
    """What the command line asks for."""

    data_dir: Path
    dry_run: bool = False
    batch_size: int = 64
    workers: int = 1
    retry_failed: bool = False
    model: str | None = None
    keep_old: bool = False
    patience_s: float = 300.0


def run(options: BackfillOptions) -> int:
    """Run to the end and return the exit code; says on stdout what it found and did."""
    console = Console(stderr=True)
    logging.basicConfig(
        level=logging.WARNING, format="%(message)s", handlers=[RichHandler(console=console)]
    )
    try:
        return asyncio.run(_run(options, console))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]  # the input may be a secret
        field = ".".join(str(part) for part in first["loc"])
        console.print(f"backfill: {error.title}.{field}: {first['msg']}", style="red")
        return COULD_NOT_START
    except RetrievalError as error:
        console.print(f"backfill: {error}", style="red", markup=False, highlight=False)
        return COULD_NOT_START
    except KeyboardInterrupt:
        console.print("backfill: interrupted; what is embedded stays, start again to go on")
        return INTERRUPTED


async def _run(options: BackfillOptions, console: Console) -> int:
    settings = EmbeddingSettings(model=options.model) if options.model else EmbeddingSettings()
    async with _pool(options) as db:
        if options.dry_run:
            return await _count_only(db, settings)
        async with _embedders(settings, options.workers) as embedders:
            model, old = await _model(db, embedders[0], moving=options.model is not None)
            await _fill(db, embedders, model, options=options, console=console)
        coverage = await read_coverage(db, model_id=model.model_id)
        _tell(coverage, model.name)
        if coverage.missing:
            return SOME_NOT_EMBEDDED
        if old is not None:
            await _switch_over(db, model, old, keep_old=options.keep_old)
    return EVERYTHING_EMBEDDED


@asynccontextmanager
async def _pool(options: BackfillOptions) -> AsyncIterator["asyncpg.Pool[Record]"]:
    settings = DatabaseSettings()
    async with AsyncExitStack() as stack:
        if settings.url is None:
            server = EmbeddedPostgres(options.data_dir)
            url = await asyncio.to_thread(server.start)
            stack.push_async_callback(asyncio.to_thread, server.stop)
            await migrations.migrate(url)
        else:
            url = settings.required_url()
        pool = await connect(url, pool_size=2 * options.workers + 1)
        stack.push_async_callback(pool.close)
        yield pool


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
    """The model to fill, and the one to leave afterwards."""
    name, dimension = embedder.name, embedder.dimension
    active = await embedding_models.active_model(db)
    if not moving or active is None or active.name == name:
        return await embedding_models.ensure_model(db, name=name, dimension=dimension), None
    return await model_migration.begin(db, name=name, dimension=dimension), active


async def _fill(
    db: "asyncpg.Pool[Record]",
    embedders: list[Embedder],
    model: EmbeddingModel,
    *,
    options: BackfillOptions,
    console: Console,
) -> None:
    await embedding_models.enqueue_missing(db, model_id=model.model_id)
    if options.retry_failed:
        await queue.try_failed_again(db, model_id=model.model_id)
    waiting = (await embedding_models.pending_counts(db, model_id=model.model_id)).waiting
    with BackfillProgress(console, waiting) as progress:
        done = await fill(
            db,
            embedders,
            model,
            limits=BatchLimits(passages=options.batch_size),
            patience_s=options.patience_s,
            on_waiting=progress.waiting,
        )
    if not done:
        console.print(f"backfill: no progress for {options.patience_s:g} s, giving up", style="red")


async def _switch_over(
    db: "asyncpg.Pool[Record]", model: EmbeddingModel, old: EmbeddingModel, *, keep_old: bool
) -> None:
    share = await model_migration.agreement(db, old=old.model_id, new=model.model_id)
    if share is not None:
        _say(f"{old.name} and {model.name} agree on {share:.0%} of the nearest ten messages")
    await embedding_models.activate(db, model_id=model.model_id)
    _say(f"searches compare by {model.name} now; start backends with EMBEDDING_MODEL={model.name}")
    if not keep_old:
        await model_migration.drop_rows(db, model_id=old.model_id)
        _say(f"the embeddings of {old.name} are deleted")


async def _count_only(db: "asyncpg.Pool[Record]", settings: EmbeddingSettings) -> int:
    local = settings.provider == "sentence-transformers"
    name = Path(settings.model).name if local else settings.model
    known = await embedding_models.find_model(db, name=name)
    coverage = await read_coverage(db, model_id=known.model_id if known else 0)
    _tell(coverage, name)
    return SOME_NOT_EMBEDDED if coverage.missing else EVERYTHING_EMBEDDED


def _tell(coverage: Coverage, name: str) -> None:
    _say(f"{coverage.embedded:,} of {coverage.messages:,} messages are embedded with {name}")
    if coverage.failed:
        _say(
            f"{coverage.failed:,} were given up; their reasons stand in embedding_job.failure,"
            " --retry-failed tries them again"
        )
    if coverage.missing > coverage.failed:
        _say(f"{coverage.missing - coverage.failed:,} are pending")


def _say(line: str) -> None:
    Console().print(line, markup=False, highlight=False, soft_wrap=True)
