"""The figures of one session, as the backend keeps them."""

import logging
from datetime import UTC, datetime
from typing import Any

from livekit.agents import AgentSession, CloseEvent

from agent.conversation.resume import Resumed
from agent.conversation.session.event_records import usage_record
from agent.conversation.session.events import SessionEvents
from agent.errors import OutboxError
from agent.outbox.write_buffer import WriteBuffer
from retrieval.wire import SessionSummary

logger = logging.getLogger(__name__)

_DISK_TIMEOUT_S = 5.0


class SessionTotals:
    """Counts from construction on; the close reason is set when the session has closed."""

    def __init__(
        self,
        session: AgentSession[Any],
        events: SessionEvents,
        *,
        resumed: Resumed,
        write_buffer: WriteBuffer,
        agent_name: str,
    ) -> None:
        self._session = session
        self._events = events
        self._resumed = resumed
        self._write_buffer = write_buffer
        self._agent_name = agent_name
        self._started_at = datetime.now(UTC)
        self._close_reason: str | None = None
        session.on("close", self._handle_close)

    async def save(self) -> None:
        """Written behind the messages that it counts; a disk that refuses is only logged."""
        await self._write_buffer.flush(0 if self._write_buffer.disk_refuses else _DISK_TIMEOUT_S)
        try:
            await self._resumed.outbox.accept_session(self._resumed.session_id, self._summary())
        except OutboxError as error:
            # What was accepted is still to be delivered: the figures of a session are not it.
            logger.error("session summary not stored", extra={"reason": str(error)})

    def _summary(self) -> SessionSummary:
        return SessionSummary(
            conversation_id=self._resumed.conversation_id,
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
