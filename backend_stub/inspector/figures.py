"""Figures of turns over time, for the plots."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Query
from starlette.responses import JSONResponse, Response

from backend_stub.inspector.routing import inspector_router
from backend_stub.resources import AppResources
from retrieval.store.turn_figures import over_time
from retrieval.wire import ConversationId

Span = Literal["6h", "24h", "7d", "30d"]

SPANS: Final[dict[Span, tuple[timedelta, timedelta]]] = {
    "6h": (timedelta(hours=6), timedelta(minutes=5)),
    "24h": (timedelta(hours=24), timedelta(minutes=15)),
    "7d": (timedelta(days=7), timedelta(hours=2)),
    "30d": (timedelta(days=30), timedelta(hours=8)),
}
"""How far back, and in which steps: about a hundred points each."""

router = inspector_router()


@router.get("/figures")
async def figures(
    resources: AppResources,
    span: Annotated[Span, Query()] = "24h",
    conversation: Annotated[UUID | None, Query()] = None,
) -> Response:
    """Columns as uPlot takes them, times in seconds since 1970."""
    back, step = SPANS[span]
    found = await over_time(
        resources.pools.background,
        since=datetime.now(UTC) - back,
        step=step,
        conversation_id=None if conversation is None else ConversationId(conversation),
    )
    return JSONResponse(
        {
            "at": [one.at.timestamp() for one in found],
            "turns": [one.turns for one in found],
            "degraded": [one.degraded for one in found],
            "added_p95_ms": [one.added_p95_ms for one in found],
            "search_p95_ms": [one.search_p95_ms for one in found],
        }
    )
