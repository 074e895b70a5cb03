"""Sessions: the summary of one run of the agent in a room."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Body, Path

from backend_stub.access.permissions import needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import guarded_router
from backend_stub.resources import AppResources
from retrieval.store import sessions
from retrieval.wire import Name, SessionSummary

router = guarded_router("sessions")

_EXAMPLES = {
    "ended": {
        "value": {
            "conversation_id": "0b8f9f4e-6f5c-4b55-9d0b-0d1f6f3f2a10",
            "agent_identity": "agent-7f3a",
            "started_at": "2025-03-01T12:00:00Z",
            "ended_at": "2025-03-01T12:30:00Z",
            "message_count": 42,
            "participants": ["ada", "grace"],
            "usage": {"llm_prompt_tokens": 18200},
            "close_reason": "participant_disconnected",
        }
    }
}


@router.put(
    "/sessions/{session_id:path}",
    summary="Save a session's summary, or replace it",
    status_code=HTTPStatus.NO_CONTENT,
    responses=problem_responses(400, 404, 413, 415),
    openapi_extra=needs("run"),
)
async def save_session(
    session_id: Annotated[Name, Path(description="the session's id, URL-encoded")],
    summary: Annotated[SessionSummary, Body(openapi_examples=_EXAMPLES)],
    resources: AppResources,
) -> None:
    """Figures only: the messages are already in the conversation."""
    await sessions.save_session(
        resources.pools.writes.of(summary.conversation_id), session_id=session_id, summary=summary
    )
