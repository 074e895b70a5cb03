"""A conversation's sessions and events, and its figures."""

from typing import Annotated, Final, get_args

import orjson
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from backend_stub.access.permissions import needs
from backend_stub.http.cursors import cursor
from backend_stub.inspector.conversation.shown import Shown
from backend_stub.inspector.routing import inspector_router
from backend_stub.pages.rendering import render
from backend_stub.resources import AppResources
from backend_stub.routes.overview import conversation as read_figures
from retrieval.store.events import newest_events
from retrieval.store.overview.sessions import sessions_page
from retrieval.store.time_place import TimePlace
from retrieval.wire import EventKind

AT_ONCE: Final = 100
KINDS: Final = get_args(EventKind)

router = inspector_router()


@router.get("/conversations/{conversation_id}/figures")
async def figures(request: Request, shown: Shown, resources: AppResources) -> Response:
    """Apart from the page: they are counted to the end."""
    found = await read_figures(shown.conversation_id, resources)
    return render(request, "inspector/conversation/figures.html", figures=found)


@router.get("/conversations/{conversation_id}/sessions")
async def sessions(
    request: Request,
    shown: Shown,
    resources: AppResources,
    after: Annotated[str | None, Query(max_length=1_000)] = None,
) -> Response:
    found = await sessions_page(
        resources.pools.others.of(shown.conversation_id),
        conversation_id=shown.conversation_id,
        limit=AT_ONCE,
        after=cursor(TimePlace.read, after, field="after"),
    )
    return render(
        request,
        "inspector/conversation/sessions.html",
        tab="sessions",
        shown=shown,
        sessions=found.sessions,
        next=found.next,
    )


@router.get("/conversations/{conversation_id}/events", openapi_extra=needs("read"))
async def events(
    request: Request,
    shown: Shown,
    resources: AppResources,
    kind: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The newest; older ones stand in the timeline, where they can be scrolled to."""
    found = await newest_events(
        resources.pools.others.of(shown.conversation_id),
        conversation_id=shown.conversation_id,
        kind=kind if kind in KINDS else None,  # type: ignore[arg-type]  # one of them
        since=None,
        limit=AT_ONCE,
    )
    return render(
        request,
        "inspector/conversation/events.html",
        tab="events",
        shown=shown,
        events=[(one, orjson.dumps(one.data).decode()) for one in reversed(found)],
        kinds=KINDS,
        kind=kind,
        most=AT_ONCE,
    )
