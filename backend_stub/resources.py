"""What the backend opens at start: database, embedder, embedding worker, LiveKit."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends
from starlette.requests import Request

from backend_stub.access.keyring import Keyring
from backend_stub.background import BackgroundTask, stop
from backend_stub.erasure.ledger_file import LedgerFile
from backend_stub.erasure.vacuuming import Vacuuming
from backend_stub.http.metrics import Metrics
from backend_stub.pools import Pools, close_pool, open_pools, tell_powers
from backend_stub.room_memory import open_rooms
from backend_stub.settings import BackendSettings, LiveKitSettings
from retrieval.ann.maintenance import AnnMaintenance
from retrieval.changes.retention.maintenance import Retention
from retrieval.changes.retention.settings import RetentionSettings
from retrieval.database import migrations
from retrieval.database.live_pool import LivePool
from retrieval.database.logins import let_log_in, owns_tables
from retrieval.database.pool import open_pool
from retrieval.database.roles import BACKGROUND
from retrieval.embedders import Embedder, open_embedder
from retrieval.embedders.query_batching import BatchingEmbedder
from retrieval.embeddings import model_registry as embedding_models
from retrieval.embeddings.model_registry import EmbeddingModel
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.search.memory.loading.kept import KeptRoom
from retrieval.search.memory.rooms import Rooms
from retrieval.search.memory.sweep import RoomSweep
from retrieval.settings import Logins
from retrieval.store.indexes.reindexing import Reindexing

if TYPE_CHECKING:
    from backend_stub.livekit.rooms import LiveKitRooms

DatabaseSource = Callable[[], AbstractAsyncContextManager[Logins]]
WORKER_CONNECTIONS = 3  # a separate pool: embedding must not make searches wait
CLOSE_EMBEDDER_S = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resources:
    pools: Pools
    embedder: BatchingEmbedder
    model: EmbeddingModel
    background: Sequence[BackgroundTask]
    livekit: "LiveKitRooms | None"
    metrics: Metrics
    keyring: Keyring
    room_language: str
    """Text search configuration of new rooms that name none."""
    keep_edits: bool
    erasure_ledger: LedgerFile | None
    vacuuming: Vacuuming
    rooms: Rooms[KeptRoom] | None
    """In memory; None: every search reads the tables."""


@asynccontextmanager
async def open_resources(
    settings: BackendSettings, metrics: Metrics, *, database: DatabaseSource
) -> AsyncIterator[Resources]:
    """Raises DatabaseUnfit or EmbeddingError."""
    async with AsyncExitStack() as stack:
        logins = await stack.enter_async_context(database())
        pools = await stack.enter_async_context(open_pools(logins, settings))
        embedder = BatchingEmbedder(await asyncio.to_thread(open_embedder, settings.embedding))
        stack.push_async_callback(_close_embedder, embedder)
        model = await embedding_models.ensure_model(
            pools.background, name=embedder.name, dimension=embedder.dimension
        )
        background: list[BackgroundTask] = []
        if settings.embedding_worker:
            background += await stack.enter_async_context(
                await _embedding(logins, embedder, model, metrics)
            )
        rooms = await stack.enter_async_context(
            open_rooms(
                pools.background,
                megabytes=settings.room_memory_mb,
                dimension=model.dimension,
            )
        )
        if rooms is not None:
            background += await stack.enter_async_context(
                await _sweeping_rooms(logins.background, rooms, metrics)
            )
        vacuuming = Vacuuming(settings.vacuum_after_erasure_s)
        if settings.vacuum_after_erasure_s:
            background += await stack.enter_async_context(await _vacuum(logins, vacuuming, metrics))
        if settings.keeping.retention:
            background += await stack.enter_async_context(
                await _retention(logins.background, settings.keeping, metrics)
            )
        livekit = await stack.enter_async_context(_livekit(settings.livekit))
        if livekit is not None and settings.livekit.watch_interval_s:
            background += await stack.enter_async_context(
                await _reconciling_rooms(logins.background, livekit, metrics)
            )
        await tell_powers(logins.requests)
        yield Resources(
            pools=pools,
            embedder=embedder,
            model=model,
            background=background,
            livekit=livekit,
            metrics=metrics,
            keyring=Keyring(pools.background),
            room_language=settings.room_language,
            keep_edits=settings.keep_edits,
            erasure_ledger=LedgerFile(settings.erasure_ledger) if settings.erasure_ledger else None,
            vacuuming=vacuuming,
            rooms=rooms,
        )


async def _resources(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


AppResources = Annotated[Resources, Depends(_resources)]


@asynccontextmanager
async def configured_database(settings: BackendSettings) -> AsyncIterator[Logins]:
    """DATABASE_URL, after migrations if BACKEND_MIGRATE is set. Raises DatabaseUnfit without it."""
    logins = settings.database.logins(instead="longroom backend")
    if settings.migrate:
        await migrations.migrate(logins.owner)
        await let_log_in(logins.owner, settings.database.passwords())
    yield logins


Tasks = AbstractAsyncContextManager[list[BackgroundTask]]


async def _embedding(
    logins: Logins, embedder: Embedder, model: EmbeddingModel, metrics: Metrics
) -> Tasks:
    pool = await open_pool(logins.background, pool_size=WORKER_CONNECTIONS, role=BACKGROUND)
    owner = await open_pool(logins.owner, pool_size=1, at_once=False)
    works = {
        "embedding worker": EmbeddingWorker(pool, embedder, model).run,
        "ANN maintenance": AnnMaintenance(pool, graphs=owner).run,
        "reindexing": Reindexing(pool).run,
    }
    return _at_work(works, [owner, pool], metrics)


async def _vacuum(logins: Logins, vacuuming: Vacuuming, metrics: Metrics) -> Tasks:
    # From PostgreSQL 17 on the role may vacuum, too.
    owner = await owns_tables(logins.owner)
    pool = await open_pool(
        logins.owner if owner else logins.background,
        pool_size=1,
        role=None if owner else BACKGROUND,
        at_once=False,
    )
    return _at_work({"vacuum after erasures": partial(vacuuming.run, pool)}, [pool], metrics)


async def _retention(url: str, settings: RetentionSettings, metrics: Metrics) -> Tasks:
    pool = await open_pool(url, pool_size=1, role=BACKGROUND)
    retention = Retention(
        pool,
        settings.retention,
        on_removed=metrics.expired,
        interval_s=settings.retention_interval_s,
    )
    return _at_work({"retention": retention.run}, [pool], metrics)


async def _sweeping_rooms(url: str, rooms: Rooms[KeptRoom], metrics: Metrics) -> Tasks:
    metrics.watch_rooms(lambda: rooms.figures)
    pool = await open_pool(url, pool_size=1, role=BACKGROUND)
    return _at_work({"sweep of rooms in memory": RoomSweep(pool, rooms).run}, [pool], metrics)


async def _reconciling_rooms(url: str, livekit: "LiveKitRooms", metrics: Metrics) -> Tasks:
    pool = await open_pool(url, pool_size=1, role=BACKGROUND)
    return _at_work({"room reconciler": livekit.reconciler(pool).run}, [pool], metrics)


@asynccontextmanager
async def _at_work(
    works: Mapping[str, Callable[[], Awaitable[None]]], pools: Sequence[LivePool], metrics: Metrics
) -> AsyncIterator[list[BackgroundTask]]:
    """Tasks with pools of their own, which are closed, in this order, when the tasks have ended."""
    tasks = [
        BackgroundTask(name, work, on_restart=metrics.restarted) for name, work in works.items()
    ]

    def cut_off() -> None:
        for pool in pools:
            pool.terminate()

    try:
        yield tasks
    finally:
        await stop(tasks, cut_off=cut_off)
        for pool in pools:
            await close_pool(pool)


@asynccontextmanager
async def _livekit(settings: LiveKitSettings) -> "AsyncIterator[LiveKitRooms | None]":
    if settings.url is None:
        yield None
        return
    from backend_stub.livekit.rooms import open_livekit  # a third of the time to import

    async with open_livekit(settings.url, settings) as livekit:
        yield livekit


async def _close_embedder(embedder: Embedder) -> None:
    try:
        async with asyncio.timeout(CLOSE_EMBEDDER_S):
            await embedder.aclose()
    except TimeoutError:
        logger.warning("the embedder does not end; left behind")
