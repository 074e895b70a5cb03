"""Liveness, readiness and metrics."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from backend_stub.access.exposure import seen_as
from backend_stub.background import BackgroundState
from backend_stub.http.openapi import problem_responses
from backend_stub.resources import AppResources, Resources
from retrieval.database import migrations
from retrieval.database.outage import DATABASE_AWAY
from retrieval.embeddings import model_registry as embedding_models
from retrieval.errors import RoleRefused, SchemaMismatch

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process lives."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """The backend can serve, with which embedding model, and how its background tasks are."""

    status: Literal["ready"] = "ready"
    model: str
    background: dict[str, BackgroundState]


@router.get("/healthz", summary="Does the process live?")
async def healthz() -> Health:
    """If it does not answer, start it again. It asks nothing that a restart would not mend."""
    return Health()


@router.get("/readyz", summary="Can it serve?", responses=problem_responses(503))
async def readyz(resources: AppResources) -> Readiness:
    """Ready when the database takes writes, and its schema and active model are this program's.

    A background task that restarts makes it no less ready: messages are stored and found by words.
    """
    reason = await _unready(resources)
    if reason is not None:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, reason)
    background = {task.name: task.state for task in resources.background}
    return Readiness(model=resources.model.name, background=background)


CAN_WRITE = """
select not current_setting('transaction_read_only')::boolean
   and has_table_privilege('conversation', 'insert, update')
   and has_table_privilege('message', 'insert')
"""


async def _unready(resources: Resources) -> str | None:
    async with resources.pools.others.acquire() as db:
        if not await db.fetchval(CAN_WRITE):
            # New ones reach the new primary, if the name of the old one leads to it by now.
            await resources.pools.expire()
            return "the database takes no writes; it is a standby, or read-only for this role"
        try:
            missing = await migrations.pending(db)
        except (RoleRefused, SchemaMismatch) as error:
            return str(error)
        if missing:
            return "the database lacks migrations; run `longroom migrate`"
        active = await embedding_models.active_model(db)
    if active is None or active.model_id != resources.model.model_id:
        found = active.name if active else "none"
        return f"the active embedding model is {found}, this process has {resources.model.name}"
    return None


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    dependencies=[Depends(seen_as("metrics"))],
    responses=problem_responses(401, 403, 404, 503) | {200: {"content": {"text/plain": {}}}},
)
async def metrics(resources: AppResources) -> Response:
    """Labels are bounded: route templates, methods, status classes, stages.

    Without a key on loopback; elsewhere as BACKEND_METRICS says.
    """
    try:
        counts = await embedding_models.pending_counts(
            resources.pools.background, model_id=resources.model.model_id
        )
    except DATABASE_AWAY:
        counts = None  # the other figures matter most while the database is away
    return Response(
        resources.metrics.expose(counts, pools=resources.pools, background=resources.background),
        media_type=CONTENT_TYPE_LATEST,
    )
