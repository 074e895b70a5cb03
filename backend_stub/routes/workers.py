"""Heartbeats of agent workers; rooms of a silent one are dispatched to others."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import Path, Query

from backend_stub.access.permissions import needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import guarded_router
from backend_stub.resources import AppResources
from retrieval.store import agent_workers
from retrieval.wire import Name

router = guarded_router("workers")

MAX_REGISTERED_S = 1e9


@router.put(
    "/workers/{agent_name:path}/{worker_id}",
    summary="Report that a worker lives",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(400),
    openapi_extra=needs("run", unlimited=True),  # a worker that is refused counts as dead
)
async def report_worker(
    agent_name: Annotated[Name, Path(description="the name that rooms ask for, URL-encoded")],
    worker_id: Annotated[Name, Path(description="an id of this start of the worker, URL-encoded")],
    resources: AppResources,
    registered_s_ago: Annotated[
        float | None,
        Query(ge=0, le=MAX_REGISTERED_S, description="since when LiveKit knows it, without a gap"),
    ] = None,
) -> None:
    """About once a second, from when LiveKit knows the worker. Three seconds of silence are its
    death: rooms that it served are dispatched to others, and its agents removed from them.
    """
    await agent_workers.report(
        resources.pools.others,
        worker_id=worker_id,
        agent_name=agent_name,
        registered_ago=None if registered_s_ago is None else timedelta(seconds=registered_s_ago),
    )
