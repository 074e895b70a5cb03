"""What the backend holds while it lives: database, embedder, embedding worker, LiveKit."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend_stub.http.metrics import Metrics
from backend_stub.livekit.rooms import LiveKitRooms, open_livekit
from backend_stub.settings import BackendSettings
from retrieval.ann.maintenance import AnnMaintenance
from retrieval.database import migrations
from retrieval.database.pool import connect
from retrieval.embedders import Embedder, open_embedder
from retrieval.embedders.query_batching import BatchingEmbedder
from retrieval.embeddings import model_registry as embedding_models
from retrieval.embeddings.model_registry import EmbeddingModel
from retrieval.embeddings.worker import EmbeddingWorker

if TYPE_CHECKING:
    import asyncpg

DatabaseSource = Callable[[], AbstractAsyncContextManager[str]]
WORKER_CONNECTIONS = 3  # of its own, so that filling in embeddings never makes a search wait
CLOSE_S = 5

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resources:
    """Opened by `open_resources`; routes read it from the application's state."""

    pool: "asyncpg.Pool[asyncpg.Record]"
    embedder: Embedder
    model: EmbeddingModel
    worker: asyncio.Task[None] | None
    livekit: LiveKitRooms | None
    metrics: Metrics
    room_language: str
    """Text search configuration of new rooms that name none."""


@asynccontextmanager
async def open_resources(
    settings: BackendSettings, metrics: Metrics, *, database: DatabaseSource
) -> AsyncIterator[Resources]:
    """Open everything in order and close it in reverse.

    Raises DatabaseUnfit or EmbeddingError when the backend must not start with what it found.
    """
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(database())
        pool = await connect(
            url, pool_size=settings.database.pool_size, acquire_timeout_s=settings.pool_timeout_s
        )
        stack.push_async_callback(_close, pool)
        embedder = BatchingEmbedder(await asyncio.to_thread(open_embedder, settings.embedding))
        stack.push_async_callback(embedder.aclose)
        model = await embedding_models.ensure_model(
            pool, name=embedder.name, dimension=embedder.dimension
        )
        worker = None
        if settings.embedding_worker:
            worker = await stack.enter_async_context(_embedding(url, embedder, model))
        livekit = await stack.enter_async_context(open_livekit(settings.livekit))
        if livekit is not None and settings.livekit.watch_interval_s:
            await stack.enter_async_context(_watching(url, livekit))
        yield Resources(
            pool=pool,
            embedder=embedder,
            model=model,
            worker=worker,
            livekit=livekit,
            metrics=metrics,
            room_language=settings.room_language,
        )


@asynccontextmanager
async def configured_database(settings: BackendSettings) -> AsyncIterator[str]:
    """DATABASE_URL, with migrations applied if the settings say so.

    Raises DatabaseUnfit when it is not set.
    """
    url = settings.database.required_url(instead="longroom backend")
    if settings.migrate:
        await migrations.migrate(url)
    yield url


@asynccontextmanager
async def _embedding(
    url: str, embedder: Embedder, model: EmbeddingModel
) -> AsyncIterator[asyncio.Task[None]]:
    pool = await connect(url, pool_size=WORKER_CONNECTIONS)
    try:
        worker = EmbeddingWorker(pool, embedder, model)
        task = asyncio.create_task(worker.run(), name="embedding worker")
        preparing = asyncio.create_task(AnnMaintenance(pool).run(), name="large rooms")
        for background in (task, preparing):
            background.add_done_callback(_log_end)
        try:
            yield task
        finally:
            task.cancel()
            preparing.cancel()
            await asyncio.wait([task, preparing])
    finally:
        await _close(pool)


@asynccontextmanager
async def _watching(url: str, livekit: LiveKitRooms) -> AsyncIterator[None]:
    pool = await connect(url, pool_size=1)
    watching = asyncio.create_task(livekit.watch(pool).run(), name="agent watch")
    watching.add_done_callback(_log_end)
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])
        await _close(pool)


async def _close(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    try:
        async with asyncio.timeout(CLOSE_S):
            await pool.close()
    except TimeoutError:
        pool.terminate()  # somebody still streams from it, or the server is gone


def _log_end(task: asyncio.Task[None]) -> None:
    # Without the embedding worker liveness fails, so that the process is started again; large rooms
    # that nobody prepares are only slower.
    if not task.cancelled() and task.exception() is not None:
        logger.critical("background task ended", exc_info=task.exception())
