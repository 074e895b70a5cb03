"""Resumes a conversation, including what a killed agent of the room had not delivered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from agent.backend_client import BackendClient
from agent.conversation.joining import HasRoom, Joining
from agent.epoch import Epoch
from agent.errors import OutboxError, OutboxUnwritable
from agent.messages.clock import Clock
from agent.messages.erasures import erasures_since
from agent.messages.question import id_as_sent
from agent.outbox.metrics import OutboxMetrics
from agent.outbox.outbox import Outbox
from agent.outbox.retry import Retry
from agent.settings import AgentSettings
from longroom.client import BackendError, BackendUnavailable, RoomMoved
from retrieval.wire import Conversation, Message, MessageCreate

Said = Message | MessageCreate

BACKEND_RETRY_S = 1.0
LONGEST_BACKEND_RETRY_S = 15.0
_LEFTOVERS_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resumed:
    """`window` is oldest first, undelivered messages included.

    `key` is given if the conversation belongs to one: then other rooms may share it. `revision`:
    all that was erased and corrected up to then is not in the window.
    """

    room: str | None
    key: str | None
    conversation_id: UUID
    session_id: str
    outbox: Outbox
    window: list[Said]
    message_count: int
    last_message_at: datetime | None
    epoch: Epoch
    clock: Clock
    revision: int = 0


async def resume(
    client: BackendClient,
    settings: AgentSettings,
    *,
    room: str | None,
    key: str | None = None,
    identity: str,
    session_id: str,
    conversation_id: UUID | None = None,
    language: str | None = None,
    livekit_sid: str | None = None,
    outbox_metrics: OutboxMetrics | None = None,
    has_room: HasRoom | None = None,
) -> Resumed:
    """Report the agent, open the conversation's outbox, and read the window.

    With a `key` the room has that key's conversation from now on. Without a `room` nobody is
    reported, as in a chat about a key.

    `has_room` tells whether this agent is still the room's. Without it, as in a chat, several
    agents may write at once.

    Raises OutboxUnwritable, and BackendError unless `conversation_id` (from metadata, which name no
    other key) is given: the window then holds only what the outbox has. Raises RoomMoved if the
    room has left that conversation, in the LiveKit room of `livekit_sid`.
    """
    limit = settings.rolling_window_messages
    joining = Joining(
        client,
        room,
        key,
        conversation_id,
        identity,
        session_id,
        language,
        window=limit,
        livekit_sid=livekit_sid,
    )
    joined = await joining.join(has_room=has_room)
    conversation, epoch, clock = joined.conversation, joined.epoch, joined.clock
    outbox = await Outbox.open(
        settings.data_dir,
        client=client,
        conversation_id=conversation.conversation_id,
        room=room,
        batch_size=settings.outbox_batch_messages,
        retry=Retry(settings.outbox_retry_s, settings.outbox_retry_max_s),
        dead_letters_expire_after=settings.dead_letters_expire_after,
        metrics=outbox_metrics,
        epoch=epoch,
        clock=clock,
        revision=conversation.revision,
    )
    try:
        waiting = await outbox.waiting_messages()
        if waiting:
            waiting = await _without_erased(waiting, outbox, client, conversation)
            await outbox.drain(_LEFTOVERS_TIMEOUT_S)
    except BaseException:
        await outbox.aclose()
        raise
    window = _with_undelivered(conversation.window, waiting)
    last_message_at = window[-1].created_at if window else conversation.last_message_at
    if last_message_at is not None:
        clock.not_before(last_message_at)
    return Resumed(
        room,
        conversation.key,
        conversation.conversation_id,
        session_id,
        outbox,
        window[-limit:],
        conversation.message_count + len(window) - len(conversation.window),
        last_message_at=last_message_at,
        epoch=epoch,
        clock=clock,
        revision=conversation.revision,
    )


async def _without_erased(
    waiting: list[MessageCreate],
    outbox: Outbox,
    client: BackendClient,
    conversation: Conversation,
) -> list[MessageCreate]:
    """What a killed agent had not delivered may have been erased since: nobody answers it."""
    try:
        known = await outbox.erased_to()
        erasures, revision = await erasures_since(client, conversation.conversation_id, known)
        if erasures:
            await outbox.erase(erasures, revision=revision)
    except (BackendError, OutboxError) as error:
        logger.warning("erasures not asked for", extra={"reason": str(error)})
        return waiting
    return [message for message in waiting if not erasures.covers_message(message)]


async def resumed_at_last(attempt: Callable[[], Awaitable[Resumed]]) -> Resumed:
    """Waits for a backend that is down, or refuses, and for space on the disk: a job that ends
    here would take the room's agent along, and what is mended there needs no new one. Raises
    RoomMoved.
    """
    pause_s = BACKEND_RETRY_S
    while True:
        try:
            return await attempt()
        except RoomMoved:
            raise
        except BackendUnavailable as error:
            logger.warning("waiting for the backend", extra={"reason": str(error)})
            pause_s = BACKEND_RETRY_S
        except (BackendError, OutboxUnwritable) as error:
            logger.error("waiting until this room can be opened", extra={"reason": str(error)})
            pause_s = min(2 * pause_s, LONGEST_BACKEND_RETRY_S)
        await asyncio.sleep(pause_s)


def _with_undelivered(stored: list[Message], waiting: list[MessageCreate]) -> list[Said]:
    known = {id_as_sent(message.id) for message in stored}
    undelivered = [message for message in waiting if message.id not in known]
    return as_said([*stored, *undelivered])


def as_said(messages: Iterable[Said]) -> list[Said]:
    """Oldest first; of equal times as given, which is by arrival."""
    return sorted(messages, key=lambda message: message.created_at)
