"""What a room's agent does when something of its conversation was erased or corrected."""

import logging
from collections.abc import Callable
from uuid import UUID

import aiohttp
from livekit import api, rtc
from livekit.agents import JobContext
from pydantic import ValidationError

from agent.conversation.conversation_agent import ConversationAgent
from agent.room.departure import Departure
from agent.supervision.dispatch import dispatch_again
from retrieval.wire import CHANGED_TOPIC, Changed

logger = logging.getLogger(__name__)

_MAX_BYTES = 1_000


async def follow_changes(ctx: JobContext, agent: ConversationAgent, departure: Departure) -> None:
    """Hears the backend's pushes, and leaves once the whole conversation was erased."""
    changes = agent.forgetting.changes
    ChangesPush(ctx.room, agent.resumed.conversation_id, changes.suspect).listen()

    async def ask_for_successor() -> None:
        try:
            await dispatch_again(ctx.api, ctx.job)
        except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
            # The backend sends one to the rooms that it opened.
            logger.warning("no other agent asked for", extra={"reason": type(error).__name__})

    await departure.when_erased(changes.conversation_erased, ask_for_successor)


class ChangesPush:
    """Anybody in the room may send one: it is a reason to ask the backend, and nothing else.

    `suspect` gets the revision that is told.
    """

    def __init__(
        self, room: rtc.Room, conversation_id: UUID, suspect: Callable[[int], None]
    ) -> None:
        self._room = room
        self._conversation_id = conversation_id
        self._suspect = suspect

    def listen(self) -> None:
        self._room.on("data_received", self._received)

    def _received(self, packet: rtc.DataPacket) -> None:
        if packet.topic != CHANGED_TOPIC or len(packet.data) > _MAX_BYTES:
            return
        try:
            changed = Changed.model_validate_json(packet.data)
        except ValidationError:
            return
        if changed.conversation_id == self._conversation_id:
            self._suspect(changed.revision)
