"""A conversation's timeline: a page of it, and what comes before and after it as fragments."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from backend_stub.access.permissions import needs
from backend_stub.http.routing import InConversation
from backend_stub.inspector.conversation.fields import told_fields
from backend_stub.inspector.conversation.shown import Shown
from backend_stub.inspector.routing import inspector_router
from backend_stub.pages.rendering import render
from backend_stub.resources import AppResources, Resources
from backend_stub.routes.timeline import TimelineQuery
from backend_stub.routes.timeline import timeline as read_timeline
from retrieval.wire import ConversationId, Timeline

FIRST_ENTRIES: Final = 60
"""Enough for any screen; the rest comes as one scrolls."""
KINDS: Final = {"message": "messages", "turn": "turns", "session": "sessions", "event": "events"}
USUAL: Final = ("message", "turn", "session")

router = inspector_router()


async def _query(
    at: Annotated[str, Query(max_length=64)] = "",
    before: Annotated[str | None, Query(max_length=200)] = None,
    after: Annotated[str | None, Query(max_length=200)] = None,
    kinds: Annotated[list[str] | None, Query(max_length=4)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = FIRST_ENTRIES,
) -> dict[str, Any]:
    """An empty field of the form is as none."""
    return {
        "limit": limit,
        "before": before,
        "after": after,
        "at": _place(at.strip()),
        "kinds": [kind for kind in kinds or () if kind in KINDS] or [*USUAL],
    }


def _place(text: str) -> str | None:
    """A day is its beginning, and a time without a zone is in UTC; what is neither stays."""
    if not text or text.isdigit():
        return text or None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


Asked = Annotated[dict[str, Any], Depends(_query)]


@router.get("/conversations/{conversation_id}", openapi_extra=needs("read"))
async def page(request: Request, asked: Asked, shown: Shown, resources: AppResources) -> Response:
    timeline = await _read(shown.conversation_id, asked, resources)
    return render(
        request,
        "inspector/conversation/timeline.html",
        tab="timeline",
        shown=shown,
        all_kinds=KINDS,
        at=request.query_params.get("at", ""),
        **_context(timeline, asked),
    )


@router.get("/conversations/{conversation_id}/timeline", openapi_extra=needs("read"))
async def entries(
    request: Request, asked: Asked, conversation_id: InConversation, resources: AppResources
) -> Response:
    """A list that the page's script takes the entries from."""
    timeline = await _read(conversation_id, asked, resources)
    return render(
        request,
        "inspector/conversation/entries.html",
        base=f"/inspect/conversations/{conversation_id}",
        **_context(timeline, asked),
    )


async def _read(
    conversation_id: ConversationId, asked: dict[str, Any], resources: Resources
) -> Timeline:
    with told_fields():
        query = TimelineQuery.model_validate(asked)
    return await read_timeline(conversation_id, query, resources)


def _wanted(timeline: Timeline, at: str | None) -> str | None:
    """The cursor of the entry that was asked for: the message, or what came first from then on."""
    if at is None:
        return None
    if at.isdigit():
        seqs = {str(one.message.seq): one.cursor for one in timeline.entries if one.message}
        return seqs.get(at)
    moment = datetime.fromisoformat(at)
    return next((one.cursor for one in timeline.entries if one.at >= moment), None)


def _context(timeline: Timeline, asked: dict[str, Any]) -> dict[str, Any]:
    kinds = urlencode([("kinds", kind) for kind in asked["kinds"]])
    return {
        "timeline": timeline,
        "wanted": _wanted(timeline, asked["at"]),
        "kinds": asked["kinds"],
        "kinds_query": kinds,
    }
