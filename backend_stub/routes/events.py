"""Events of a conversation: transcriptions, speech, errors, actions, metrics."""

from typing import Annotated

from fastapi import Body, Query
from pydantic import Field

from backend_stub.access.permissions import needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import InConversation, guarded_router
from backend_stub.resources import AppResources
from retrieval.store import events
from retrieval.wire import (
    MAX_BATCH_EVENTS,
    EventKind,
    EventList,
    EventsRecorded,
    RecordEvents,
    Request,
    Timestamp,
)

router = guarded_router("events")

_EXAMPLES = {
    "error": {
        "value": {
            "events": [
                {
                    "id": "ev_19",
                    "kind": "error",
                    "created_at": "2025-03-01T12:00:03Z",
                    "data": {"source": "tts", "recoverable": True},
                }
            ]
        }
    }
}


@router.post(
    "/conversations/{conversation_id}/events",
    summary="Record transcriptions, speech, errors, actions and metrics",
    responses=problem_responses(400, 404, 413, 415),
    openapi_extra=needs("run"),
)
async def record_events(
    conversation_id: InConversation,
    request: Annotated[RecordEvents, Body(openapi_examples=_EXAMPLES)],
    resources: AppResources,
) -> EventsRecorded:
    """An event that is already recorded under its id is left as it is and not counted."""
    recorded = await events.record_events(
        resources.pools.writes.of(conversation_id),
        conversation_id=conversation_id,
        events=request.events,
    )
    return EventsRecorded(recorded=recorded)


class EventsQuery(Request):
    kind: EventKind | None = Field(default=None, description="only events of this kind")
    since: Timestamp | None = Field(default=None, description="only events from this time on")
    limit: int = Field(default=100, ge=1, le=MAX_BATCH_EVENTS, description="the newest so many")


@router.get(
    "/conversations/{conversation_id}/events",
    summary="Read the newest events",
    responses=problem_responses(404),
    openapi_extra=needs("run"),
)
async def newest_events(
    conversation_id: InConversation,
    query: Annotated[EventsQuery, Query()],
    resources: AppResources,
) -> EventList:
    """Oldest first, by `created_at`."""
    found = await events.newest_events(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        kind=query.kind,
        since=query.since,
        limit=query.limit,
    )
    return EventList(events=found)
