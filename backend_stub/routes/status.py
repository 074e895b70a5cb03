"""How this backend and what it stands on are doing, for an operator."""

from dataclasses import asdict

from backend_stub.access.permissions import needs
from backend_stub.http.routing import guarded_router
from backend_stub.resources import AppResources, Resources
from retrieval.embeddings import model_registry as embedding_models
from retrieval.store import agent_workers
from retrieval.store.overview.status import database_status, embedding_lag_s
from retrieval.wire import (
    BackendStatus,
    BackgroundStatus,
    DatabaseStatus,
    EmbeddingStatus,
    RoomsInMemory,
    WorkerStatus,
)

router = guarded_router("overview")


@router.get(
    "/status",
    summary="How the backend, its database and its workers are doing",
    openapi_extra=needs("inspect"),
)
async def status(resources: AppResources) -> BackendStatus:
    """Background tasks, connections and rooms in memory are those of the process that answers."""
    return await backend_status(resources)


async def backend_status(resources: Resources) -> BackendStatus:
    db = resources.pools.background
    database = await database_status(db)
    now = database.pop("now")
    return BackendStatus(
        now=now,
        database=DatabaseStatus(**database, connections=_connections(resources)),
        embedding=await _embedding(resources),
        background=[
            BackgroundStatus(name=task.name, state=task.state) for task in resources.background
        ],
        workers=[
            WorkerStatus.model_validate(asdict(worker))
            for worker in await agent_workers.workers(db)
        ],
        rooms_in_memory=None
        if resources.rooms is None
        else RoomsInMemory.model_validate(asdict(resources.rooms.figures)),
    )


async def _embedding(resources: Resources) -> EmbeddingStatus:
    db, model = resources.pools.background, resources.model
    counts = await embedding_models.pending_counts(db, model_id=model.model_id)
    return EmbeddingStatus(
        model=model.name,
        waiting=counts.pending,
        failed=counts.failed,
        lag_s=await embedding_lag_s(db, model_id=model.model_id),
    )


def _connections(resources: Resources) -> dict[str, dict[str, int]]:
    pools = {**resources.pools.by_name(), "background": resources.pools.background}
    return {
        name: {"used": pool.get_size() - pool.get_idle_size(), "idle": pool.get_idle_size()}
        for name, pool in pools.items()
    }
