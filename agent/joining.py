"""Finds out which conversation a room continues, and what was said there last."""

import asyncio
import logging

from agent.backend_client import BackendClient
from agent.errors import BackendRejected, BackendUnavailable
from agent.room_metadata import conversation_in
from retrieval.wire import Conversation

RETRY_FIRST_S = 0.2
RETRY_MAX_S = 5.0

logger = logging.getLogger(__name__)


async def join_conversation(
    client: BackendClient,
    *,
    room: str,
    metadata: tuple[str, ...],
    identity: str,
    session_id: str,
    window: int,
) -> Conversation:
    """Report this agent and get the conversation; waits for the backend as long as it takes.

    `metadata` is asked in order (the job's, then the room's) for a conversation other than the
    room's own. Without the backend there is no place to keep what is said: nobody is answered
    before it is back.
    """
    pause_s = RETRY_FIRST_S
    while True:
        try:
            joined = await client.agent_joined(
                room, identity=identity, session_id=session_id, window=window
            )
            return await _named(client, joined, metadata=metadata, window=window)
        except BackendUnavailable as error:
            logger.warning(
                "the backend is unavailable, the agent waits for it",
                extra={"room": room, "reason": str(error)},
            )
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_MAX_S)


async def _named(
    client: BackendClient, joined: Conversation, *, metadata: tuple[str, ...], window: int
) -> Conversation:
    """The conversation that the metadata names; the room's own if it names none that exists."""
    named = next(filter(None, map(conversation_in, metadata)), None)
    if named is None or named == joined.conversation_id:
        return joined
    try:
        page = await client.get_recent_messages(named, limit=window)
    except BackendRejected:
        logger.warning(
            "metadata names a conversation that the backend does not know",
            extra={"room": joined.room, "conversation_id": str(named)},
        )
        return joined
    return Conversation(
        conversation_id=named,
        room=joined.room,
        message_count=page.message_count,
        window=page.messages,
        last_message_at=page.messages[-1].created_at if page.messages else None,
    )
