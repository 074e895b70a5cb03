"""Liveness, readiness and metrics."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.responses import Response

from backend_stub.http.openapi import problem_responses
from backend_stub.http.problems import DATABASE_AWAY
from backend_stub.resources import AppResources, Resources
from retrieval.database import migrations
from retrieval.embeddings import model_registry as embedding_models
from retrieval.errors import SchemaMismatch

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process lives."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """The backend can serve, and with which embedding model."""

    status: Literal["ready"] = "ready"
    model: str


@router.get("/healthz", summary="Does the process live?", responses=problem_responses(503))
async def healthz(resources: AppResources) -> Health:
    """503 when a part of the process has died: the process should be started again."""
    if resources.worker is not None and resources.worker.done():
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the embedding worker has ended; start the process again",
        )
    return Health()


@router.get("/readyz", summary="Can it serve?", responses=problem_responses(503))
async def readyz(resources: AppResources) -> Readiness:
    """Ready when the database answers, and its schema and active model are this program's."""
    reason = await _unready(resources)
    if reason is not None:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, reason)
    return Readiness(model=resources.model.name)


async def _unready(resources: Resources) -> str | None:
    async with resources.pool.acquire() as db:
        try:
            missing = await migrations.pending(db)
        except SchemaMismatch as error:
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
    responses=problem_responses(503) | {200: {"content": {"text/plain": {}}}},
)
async def metrics(resources: AppResources) -> Response:
    """Labels are bounded: route templates, methods, status classes, stages."""
    try:
        counts = await embedding_models.pending_counts(
            resources.pool, model_id=resources.model.model_id
        )
    except DATABASE_AWAY:
        counts = None  # the other figures matter most while the database is away
    return Response(
        resources.metrics.expose(counts, pool=resources.pool), media_type=CONTENT_TYPE_LATEST
    )
