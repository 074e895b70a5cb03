"""The figures of one session, as the backend keeps them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from livekit.agents import AgentSession, CloseEvent

from agent.conversation.event_records import usage_record
from agent.conversation.session_events import SessionEvents
from retrieval.wire import SessionSummary


class SessionTotals:
    """Counts from when it is made; why the session closed is known once it has."""

    def __init__(
        self,
        session: AgentSession[Any],
        events: SessionEvents,
        *,
        conversation_id: UUID,
        agent_name: str,
    ) -> None:
        self._session = session
        self._events = events
        self._conversation_id = conversation_id
        self._agent_name = agent_name
        self._started_at = datetime.now(UTC)
        self._close_reason: str | None = None
        session.on("close", self._handle_close)

    def summary(self) -> SessionSummary:
        """As of now."""
        return SessionSummary(
            conversation_id=self._conversation_id,
            agent_identity=self._agent_name,
            started_at=self._started_at,
            ended_at=datetime.now(UTC),
            message_count=self._events.message_count,
            participants=self._events.participants,
            usage=usage_record(self._session.usage),
            close_reason=self._close_reason,
        )

    def _handle_close(self, event: CloseEvent) -> None:
        self._close_reason = event.reason.value
