"""Requests that a backend must take, to be varied by the tests."""

from typing import Any


def message(**changes: Any) -> dict[str, Any]:
    return {
        "id": "m1",
        "role": "user",
        "participant": "ada",
        "content": "My order number is 4711-B.",
        "created_at": "2025-03-01T12:00:00Z",
        **changes,
    }


def window_message(**changes: Any) -> dict[str, Any]:
    return {"role": "user", "participant": "ada", "content": "Where is my order?", **changes}


def event(**changes: Any) -> dict[str, Any]:
    return {
        "id": "e1",
        "kind": "error",
        "created_at": "2025-03-01T12:00:00Z",
        "data": {"source": "tts"},
        **changes,
    }


def summary(**changes: Any) -> dict[str, Any]:
    return {
        "agent_identity": "agent-7f3a",
        "started_at": "2025-03-01T12:00:00Z",
        "message_count": 42,
        **changes,
    }


def turn(**changes: Any) -> dict[str, Any]:
    return {
        "question_id": "q1",
        "participant": "ada",
        "asked_at": "2025-03-01T12:00:00Z",
        "ended_at": "2025-03-01T12:00:04Z",
        "outcome": "answered",
        "source": "fresh",
        **changes,
    }
