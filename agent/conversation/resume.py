"""Resumes a room's conversation, including what a killed agent had not delivered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from uuid import UUID

from agent.backend_client import BackendClient
from agent.epoch import Epoch
from agent.messages.clock import EXACT_ENOUGH_S, Clock, steady_s
from agent.messages.question import id_as_sent
from agent.messages.rolling_window import conversational
from agent.outbox.metrics import OutboxMetrics
from agent.outbox.outbox import Outbox
from agent.outbox.retry import Retry
from agent.settings import AgentSettings
from longroom.client import BackendError, BackendRejected
from retrieval.wire import MAX_PAGE_MESSAGES, Conversation, Message, MessageCreate

Said = Message | MessageCreate

logger = logging.getLogger(__name__)

_LEFTOVERS_TIMEOUT_S = 2.0
_ASK_THE_TIME_S = 2.0


@dataclass(frozen=True)
class Resumed:
    """`window` is oldest first, undelivered messages included."""

    room: str
    conversation_id: UUID
    session_id: str
    outbox: Outbox
    window: list[Said]
    message_count: int
    last_message_at: datetime | None
    epoch: Epoch
    clock: Clock


async def resume(
    client: BackendClient,
    settings: AgentSettings,
    *,
    room: str,
    identity: str,
    session_id: str,
    conversation_id: UUID | None = None,
    language: str | None = None,
    outbox_metrics: OutboxMetrics | None = None,
    has_room: Callable[[], Awaitable[bool]] | None = None,
) -> Resumed:
    """Report the agent, open the conversation's outbox, and read the window.

    `has_room` tells whether this agent is still the room's. Without it, as in a chat, several
    agents may write at once.

    Raises OutboxUnwritable, and BackendError unless `conversation_id` (from the room's metadata) is
    given: the window then holds only what the outbox has.
    """
    limit = settings.rolling_window_messages
    join = partial(
        client.agent_joined, room, identity=identity, session_id=session_id, language=language
    )
    clock, reported = Clock(), True
    try:
        joined, clock = await _join(join, window=limit)
        joined = await _named(client, joined, conversation_id=conversation_id, limit=limit)
        joined = await _conversational(client, joined, limit=limit)
    except BackendError as error:
        if conversation_id is None:
            raise
        logger.warning(
            "agent not reported to the backend", extra={"room": room, "reason": str(error)}
        )
        joined = _unreported(room, conversation_id)
        reported = False
    epoch = Epoch()
    if has_room is not None and (joined.epoch is not None or not reported):
        join_again = partial(_join_again, joined.conversation_id, join)
        epoch = Epoch(joined.epoch, has_room=has_room, join=join_again)
    outbox = await Outbox.open(
        settings.data_dir,
        client=client,
        conversation_id=joined.conversation_id,
        batch_size=settings.outbox_batch_messages,
        retry=Retry(settings.outbox_retry_s, settings.outbox_retry_max_s),
        dead_letters_expire_after=settings.dead_letters_expire_after,
        metrics=outbox_metrics,
        epoch=epoch,
        clock=clock,
    )
    try:
        waiting = await outbox.waiting_messages()
        if waiting:
            await outbox.drain(_LEFTOVERS_TIMEOUT_S)
    except BaseException:
        await outbox.aclose()
        raise
    window = _with_undelivered(joined.window, waiting)
    last_message_at = window[-1].created_at if window else joined.last_message_at
    if last_message_at is not None:
        clock.not_before(last_message_at)
    return Resumed(
        room,
        joined.conversation_id,
        session_id,
        outbox,
        window[-limit:],
        joined.message_count + len(window) - len(joined.window),
        last_message_at=last_message_at,
        epoch=epoch,
        clock=clock,
    )


async def _join(
    join: Callable[..., Awaitable[Conversation]], *, window: int
) -> tuple[Conversation, Clock]:
    """Asks again, but not for long, after an answer that came too late to tell the time."""
    joined, clock = await _timed(join, window=window)
    try:
        async with asyncio.timeout(_ASK_THE_TIME_S):
            while clock.uncertain_s > EXACT_ENOUGH_S:
                _, again = await _timed(join, window=0)
                clock = min(clock, again, key=attrgetter("uncertain_s"))
    except (BackendError, TimeoutError):
        logger.warning(
            "the backend's time is only roughly known", extra={"within_s": clock.uncertain_s}
        )
    if clock.off:
        logger.warning("this machine's clock is off", extra={"off_s": clock.off.total_seconds()})
    return joined, clock


async def _timed(
    join: Callable[..., Awaitable[Conversation]], *, window: int
) -> tuple[Conversation, Clock]:
    asked_at = steady_s()
    joined = await join(window=window)
    return joined, Clock(joined.now, asked_at=asked_at, told_at=steady_s())


async def _join_again(
    conversation_id: UUID, join: Callable[..., Awaitable[Conversation]]
) -> int | None:
    """None if the room's conversation is not the one that its metadata names."""
    joined = await join(window=0)
    return joined.epoch if joined.conversation_id == conversation_id else None


async def _named(
    client: BackendClient, joined: Conversation, *, conversation_id: UUID | None, limit: int
) -> Conversation:
    """The conversation in the metadata may be another room's."""
    if conversation_id is None or conversation_id == joined.conversation_id:
        return joined
    try:
        page = await client.get_recent_messages(conversation_id, limit=limit)
    except BackendRejected:
        logger.warning(
            "metadata names a conversation that the backend does not know",
            extra={"room": joined.room, "conversation_id": str(conversation_id)},
        )
        return joined
    return Conversation(
        conversation_id=conversation_id,
        room=joined.room,
        message_count=page.message_count,
        window=page.messages,
        last_message_at=page.messages[-1].created_at if page.messages else None,
    )


async def _conversational(
    client: BackendClient, joined: Conversation, *, limit: int
) -> Conversation:
    """With a window in which systems and tools take no place."""
    window = conversational(joined.window)
    if len(window) < len(joined.window):
        page = await client.get_recent_messages(joined.conversation_id, limit=MAX_PAGE_MESSAGES)
        window = conversational(page.messages)[-limit:]
    return joined.model_copy(update={"window": window})


def _unreported(room: str, conversation_id: UUID) -> Conversation:
    """Without the backend. `last_message_at` is now: no greeting, in case they have met."""
    return Conversation(
        conversation_id=conversation_id,
        room=room,
        message_count=0,
        window=[],
        last_message_at=datetime.now(UTC),
    )


def _with_undelivered(stored: list[Message], waiting: list[MessageCreate]) -> list[Said]:
    known = {id_as_sent(message.id) for message in stored}
    undelivered = [message for message in waiting if message.id not in known]
    return as_said([*stored, *undelivered])


def as_said(messages: Iterable[Said]) -> list[Said]:
    """Oldest first; of equal times as given, which is by arrival."""
    return sorted(messages, key=lambda message: message.created_at)
