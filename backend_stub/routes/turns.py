"""Traces of turns: what each recalled and why, in ids and figures."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Body, Path, Query
from pydantic import Field

from backend_stub.access.permissions import needs
from backend_stub.http.cursors import cursor
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import InConversation, guarded_router
from backend_stub.resources import AppResources
from retrieval.store import turn_traces
from retrieval.store.time_place import TimePlace
from retrieval.wire import (
    MAX_PAGE_TURNS,
    DegradedFilter,
    GivenId,
    RecallSource,
    RecordTurns,
    Request,
    Timestamp,
    Turn,
    TurnOutcome,
    TurnPage,
    TurnsRecorded,
)

router = guarded_router("turns")

_CURSOR_CHARS = 200
_EXAMPLES = {
    "answered": {
        "value": {
            "turns": [
                {
                    "question_id": "q17",
                    "participant": "ada",
                    "asked_at": "2025-03-01T12:00:00Z",
                    "ended_at": "2025-03-01T12:00:04Z",
                    "outcome": "answered",
                    "source": "speculation",
                    "relevant": True,
                    "confidence": 0.82,
                    "search_ms": 21.4,
                    "added_ms": 0.3,
                    "hits": [{"message_id": "m4", "score": 0.74, "found_by": ["vector"]}],
                    "shown": [{"message_id": "m4"}],
                    "block": {
                        "nonce": "5f1c09aa",
                        "now": "2025-03-01T12:00:00Z",
                        "time_zone": "UTC",
                        "role": "user",
                    },
                }
            ]
        }
    }
}


@router.post(
    "/conversations/{conversation_id}/turns",
    summary="Record traces of turns",
    responses=problem_responses(400, 404, 410, 413, 415),
    openapi_extra=needs("run"),
)
async def record_turns(
    conversation_id: InConversation,
    request: Annotated[RecordTurns, Body(openapi_examples=_EXAMPLES)],
    resources: AppResources,
) -> TurnsRecorded:
    """A question has one trace: that of the later agent, or of the same agent's later end. Recorded
    again, it is not counted. What is about something erased is left out.
    """
    recorded = await turn_traces.record_turns(
        resources.pools.writes.of(conversation_id),
        conversation_id=conversation_id,
        traces=request.turns,
    )
    return TurnsRecorded(recorded=recorded)


class TurnsQuery(Request):
    limit: int = Field(default=50, ge=1, le=MAX_PAGE_TURNS, description="turns at most")
    after: str | None = Field(
        default=None,
        max_length=_CURSOR_CHARS,
        description="a page's `next`: the turns that follow it",
        examples=["2025-03-01T12:00:00+00:00 q17"],
    )
    outcome: TurnOutcome | None = Field(default=None, description="only turns that ended so")
    degraded: DegradedFilter | None = Field(
        default=None, description="only turns without memory for this reason, or for any"
    )
    source: RecallSource | None = Field(
        default=None,
        description="only turns whose search began while one still spoke (speculation), or"
        " afterwards (fresh), or that had none",
    )
    since: Timestamp | None = Field(default=None, description="only those asked from then on")
    until: Timestamp | None = Field(default=None, description="only those asked before then")


@router.get(
    "/conversations/{conversation_id}/turns",
    summary="List turns, newest first",
    responses=problem_responses(404, 410),
    openapi_extra=needs("inspect"),
)
async def newest_turns(
    conversation_id: InConversation,
    query: Annotated[TurnsQuery, Query()],
    resources: AppResources,
) -> TurnPage:
    """By when their question was asked; a page is found by its place, however many come before."""
    return await turn_traces.newest_turns(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        limit=query.limit,
        after=cursor(TimePlace.read, query.after, field="after"),
        outcome=query.outcome,
        degraded=query.degraded,
        source=query.source,
        since=query.since,
        until=query.until,
    )


@router.get(
    "/conversations/{conversation_id}/turns/{question_id:path}",
    summary="Read a turn's trace, with the texts of now",
    status_code=HTTPStatus.OK,
    responses=problem_responses(404, 410),
    openapi_extra=needs("inspect"),
)
async def read_turn(
    conversation_id: InConversation,
    question_id: Annotated[GivenId, Path(description="the id of the question's message")],
    resources: AppResources,
) -> Turn:
    """What was searched and what the model was shown are drawn again: a trace has no texts of its
    own. What was erased since is gone from it, and what was corrected since is told.
    """
    return await turn_traces.turn(
        resources.pools.others.of(conversation_id),
        conversation_id=conversation_id,
        question_id=question_id,
    )
