"""Takes up a room's conversation where it was left, with what a killed agent had not delivered."""

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agent.backend_client import BackendClient
from agent.errors import BackendError
from agent.outbox import Outbox, Retry
from agent.settings import AgentSettings
from retrieval.wire import Message, MessageCreate

logger = logging.getLogger(__name__)

_LEFTOVERS_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Resumed:
    """What an agent goes on with; `window` is the newest messages, oldest first."""

    room: str
    conversation_id: UUID
    session_id: str
    outbox: Outbox
    window: list[Message | MessageCreate]
    message_count: int

    @property
    def last_message_at(self) -> datetime | None:
        return self.window[-1].created_at if self.window else None


async def resume(
    client: BackendClient,
    settings: AgentSettings,
    *,
    room: str,
    identity: str,
    session_id: str,
    conversation_id: UUID | None = None,
) -> Resumed:
    """Report the agent, open the conversation's outbox, and read the window.

    With a `conversation_id` (the room's metadata has it) a backend that does not answer is
    survived: the window then holds only what the outbox still has. Without one it raises
    BackendError. Raises OutboxUnwritable.
    """
    limit = settings.rolling_window_messages
    joined = None
    try:
        joined = await client.agent_joined(
            room, identity=identity, session_id=session_id, window=limit
        )
    except BackendError as error:
        if conversation_id is None:
            raise
        logger.warning(
            "agent not reported to the backend", extra={"room": room, "reason": str(error)}
        )
    known_id = joined.conversation_id if joined else conversation_id
    assert known_id is not None  # noqa: S101 - one of the two, or raised above
    outbox = await Outbox.open(
        settings.data_dir,
        client=client,
        conversation_id=known_id,
        batch_size=settings.outbox_batch_messages,
        retry=Retry(settings.outbox_retry_s, settings.outbox_retry_max_s),
    )
    stored = list(joined.window) if joined else []
    count = joined.message_count if joined else 0
    waiting = await outbox.waiting_messages()
    if waiting:
        await outbox.drain(_LEFTOVERS_TIMEOUT_S)
    window = _continued(stored, waiting)
    return Resumed(
        room, known_id, session_id, outbox, window[-limit:], count + len(window) - len(stored)
    )


def _continued(
    stored: list[Message], waiting: list[MessageCreate]
) -> list[Message | MessageCreate]:
    """The stored messages, then those that were on their way and are not among them."""
    known = {message.id for message in stored}
    return [*stored, *(message for message in waiting if message.id not in known)]
