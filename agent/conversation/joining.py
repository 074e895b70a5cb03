"""Joins a room, or a conversation without one: which conversation it is, and what was said last."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from uuid import UUID

from agent.backend_client import BackendClient
from agent.epoch import Epoch
from agent.messages.clock import EXACT_ENOUGH_S, Clock, steady_s
from agent.messages.rolling_window import conversational
from longroom.client import BackendError, BackendRejected, RoomMoved
from retrieval.wire import MAX_PAGE_MESSAGES, Conversation

_ASK_THE_TIME_S = 2.0

HasRoom = Callable[[], Awaitable[bool]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Joined:
    conversation: Conversation
    epoch: Epoch
    clock: Clock


@dataclass(frozen=True)
class Joining:
    """`room` None joins the conversation of `key` as nobody's agent.

    `conversation_id`, from metadata, is where the agent goes on while the backend is away, and what
    counts if there is no key.
    """

    client: BackendClient
    room: str | None
    key: str | None
    conversation_id: UUID | None
    identity: str
    session_id: str
    language: str | None
    window: int
    livekit_sid: str | None = None
    """Of the room, in which a conversation from metadata may be one that it has left."""

    async def join(self, *, has_room: HasRoom | None) -> Joined:
        """Raises RoomMoved, and BackendError unless there is a `conversation_id`.

        With one, and without a backend, the window is empty.
        """
        clock, reported = Clock(), True
        try:
            joined, clock = await self._report_and_tell_time()
            if self.key is None:
                joined = await self._named(joined)
            joined = await self._conversational(joined)
        except RoomMoved:
            raise
        except BackendError as error:
            if self.conversation_id is None:
                raise
            logger.warning(
                "agent not reported to the backend", extra={"room": self.room, "reason": str(error)}
            )
            joined, reported = self._unreported(self.conversation_id), False
        return Joined(joined, self._epoch(joined, has_room, reported=reported), clock)

    async def _report_and_tell_time(self) -> tuple[Conversation, Clock]:
        """Asks again, but not for long, after an answer that came too late to tell the time."""
        joined, clock = await self._timed(window=self.window)
        try:
            async with asyncio.timeout(_ASK_THE_TIME_S):
                while clock.uncertain_s > EXACT_ENOUGH_S:
                    _, again = await self._timed(window=0)
                    clock = min(clock, again, key=attrgetter("uncertain_s"))
        except (BackendError, TimeoutError):
            logger.warning(
                "the backend's time is only roughly known", extra={"within_s": clock.uncertain_s}
            )
        if clock.off:
            off_s = clock.off.total_seconds()
            logger.warning("this machine's clock is off", extra={"off_s": off_s})
        return joined, clock

    async def _timed(self, *, window: int) -> tuple[Conversation, Clock]:
        asked_at = steady_s()
        joined = await self._report(self.conversation_id, window=window)
        return joined, Clock(joined.now, asked_at=asked_at, told_at=steady_s())

    async def _report(self, asked_for: UUID | None, *, window: int) -> Conversation:
        if self.room is None:
            return await self._without_room()
        return await self.client.agent_joined(
            self.room,
            identity=self.identity,
            session_id=self.session_id,
            window=window,
            language=self.language,
            conversation=self.key,
            asked_for=asked_for if self.livekit_sid else None,
            livekit_sid=self.livekit_sid if asked_for else None,
        )

    async def _without_room(self) -> Conversation:
        keyed = await self.client.create_conversation(self.key or "", language=self.language)
        return await self._read(keyed.conversation_id, room="")

    def _epoch(self, joined: Conversation, has_room: HasRoom | None, *, reported: bool) -> Epoch:
        if has_room is None or (reported and joined.epoch is None):
            return Epoch()

        async def join_again() -> int | None:
            """None if the room's conversation is not the one that its metadata names."""
            again = await self._report(joined.conversation_id, window=0)
            if again.conversation_id != joined.conversation_id:
                return None
            epoch.room = self._shared(again)
            return again.epoch

        epoch = Epoch(joined.epoch, room=self._shared(joined), has_room=has_room, join=join_again)
        return epoch

    def _shared(self, joined: Conversation) -> str | None:
        """Only in a key's conversation may other rooms have agents, too."""
        return None if joined.key is None else self.room

    async def _named(self, joined: Conversation) -> Conversation:
        """The conversation in the metadata may be another room's."""
        if self.conversation_id is None or self.conversation_id == joined.conversation_id:
            return joined
        try:
            return await self._read(self.conversation_id, room=joined.room)
        except BackendRejected:
            logger.warning(
                "metadata names a conversation that the backend does not know",
                extra={"room": joined.room, "conversation_id": str(self.conversation_id)},
            )
            return joined

    async def _read(self, conversation_id: UUID, *, room: str) -> Conversation:
        page = await self.client.get_recent_messages(conversation_id, limit=self.window)
        return Conversation(
            conversation_id=conversation_id,
            room=room,
            key=self.key,
            message_count=page.message_count,
            window=page.messages,
            last_message_at=page.messages[-1].created_at if page.messages else None,
        )

    async def _conversational(self, joined: Conversation) -> Conversation:
        """With a window in which systems and tools take no place."""
        window = conversational(joined.window)
        if len(window) < len(joined.window):
            page = await self.client.get_recent_messages(
                joined.conversation_id, limit=MAX_PAGE_MESSAGES
            )
            window = conversational(page.messages)[-self.window :]
        return joined.model_copy(update={"window": window})

    def _unreported(self, conversation_id: UUID) -> Conversation:
        """Without the backend. `last_message_at` is now: no greeting, in case they have met."""
        return Conversation(
            conversation_id=conversation_id,
            room=self.room or "",
            key=self.key,
            message_count=0,
            window=[],
            last_message_at=datetime.now(UTC),
        )
