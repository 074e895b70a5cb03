"""Small valid things to store, with only what a test cares about spelled out."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from retrieval.wire import (
    ConversationEvent,
    ConversationId,
    MessageCreate,
    MessageId,
    Role,
    SessionSummary,
    TurnTrace,
)

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def message(
    number: int,
    content: str | None = None,
    *,
    participant: str = "ana",
    role: Role = "user",
    interrupted: bool = False,
    metadata: dict[str, JsonValue] | None = None,
) -> MessageCreate:
    """Message `m<number>`, said that many minutes after noon."""
    return MessageCreate(
        id=MessageId(f"m{number}"),
        role=role,
        participant=participant,
        content=content or f"message number {number}",
        created_at=NOON + timedelta(minutes=number),
        interrupted=interrupted,
        metadata=metadata or {},
    )


def event(number: int, **data: int) -> ConversationEvent:
    """Event `e<number>`."""
    return ConversationEvent(id=f"e{number}", kind="action", created_at=NOON, data=dict(data))


def summary(conversation_id: ConversationId, *, message_count: int = 3) -> SessionSummary:
    """A session that still runs."""
    return SessionSummary(
        conversation_id=conversation_id,
        agent_identity="agent-1",
        started_at=NOON,
        message_count=message_count,
    )


def trace(number: int, **fields: Any) -> TurnTrace:
    """Of the turn that message `m<number>` asked, three seconds long."""
    asked_at = NOON + timedelta(minutes=number)
    return TurnTrace.model_validate(
        {
            "question_id": f"m{number}",
            "participant": "ana",
            "asked_at": asked_at,
            "ended_at": asked_at + timedelta(seconds=3),
            "outcome": "answered",
            "source": "fresh",
            "search_ms": 12.5,
            **fields,
        }
    )
