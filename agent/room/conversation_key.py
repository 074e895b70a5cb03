"""Which conversation a room's agent serves: the one that the application names, or the room's own.

It is decided once, when the agent joins. Its successors find it in the room's metadata.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from livekit import rtc
from livekit.agents import JobContext

from agent.room.participants import PEOPLE
from retrieval.wire import ConversationId, checked_key, conversation_in, key_in

KEY_ATTRIBUTE = "longroom.conversation"
"""LiveKit attribute of a participant: the key of the conversation of who calls."""

KeyOfJob = Callable[[JobContext], str | None]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class NamedConversation:
    """By a key, by an id, or both where one who knows the key's conversation has written them.

    Neither: the conversation that the backend knows the room to have.
    """

    key: str | None = None
    conversation_id: ConversationId | None = None


async def named_conversation(
    ctx: JobContext, *, of_job: KeyOfJob | None = None, replaced: asyncio.Event
) -> NamedConversation:
    """The first that names one: `of_job`, the job's metadata, the room's, the people present.

    Where nothing else names one, this waits for the first person to come: in an empty room nobody
    waits for the agent. If `replaced` is set before that, the job ends. Call once connected.

    A key that can be none gives the room a new conversation that nobody shares: that of the room
    may be of somebody else whom the room served before.
    """
    room = ctx.room
    texts = (ctx.job.metadata, room.metadata, ctx.job.room.metadata)
    try:
        named = _by_job(ctx, of_job) or _by_metadata(texts)
        if named is not None:
            return named
        if not await _somebody_is_there(room, unless=replaced):
            ctx.shutdown("handed over")
            raise asyncio.CancelledError  # ends the job's entrypoint, which LiveKit waits for
        return NamedConversation(key_of_people(room.remote_participants.values()))
    except _Unusable as error:
        logger.error(
            "the conversation's key can be none: this room remembers nothing, and is remembered "
            "by nobody",
            extra={"room": room.name, "reason": str(error)},
        )
        return NamedConversation(f"no key in {ctx.job.room.sid or ctx.job.id}")


def key_of_people(people: Iterable[rtc.RemoteParticipant]) -> str | None:
    """Of the first to have joined who has one; not of those who may write it themselves."""
    for person in sorted(filter(_is_person, people), key=_joined):
        key = person.attributes.get(KEY_ATTRIBUTE)
        if key is None:
            continue
        if person.permissions.can_update_metadata:
            logger.warning(
                "a participant who may change their own attributes names no conversation",
                extra={"participant": person.identity},
            )
            continue
        return _checked(f"attribute {KEY_ATTRIBUTE} of {person.identity}", key)
    return None


class _Unusable(Exception):
    """Says what is wrong and where, without the key."""


def _checked(field: str, key: object) -> str:
    try:
        return checked_key(key)
    except ValueError as error:
        raise _Unusable(f"{field}: {error}") from None


def _by_job(ctx: JobContext, of_job: KeyOfJob | None) -> NamedConversation | None:
    if of_job is None:
        return None
    try:
        key = of_job(ctx)
    except Exception as error:
        # Somebody else's code: whatever it raises must not leave the room without an agent.
        logger.exception("the function of the job failed", extra={"room": ctx.room.name})
        raise _Unusable(f"function of the job: {type(error).__name__}") from None
    return None if key is None else NamedConversation(_checked("function of the job", key))


def _by_metadata(texts: tuple[str, str, str]) -> NamedConversation | None:
    """Keys before ids: an id may be left from the conversation that the room had before."""
    fields = ("conversation in the job's metadata", *["conversation in the room's metadata"] * 2)
    for field, text in zip(fields, texts, strict=True):
        try:
            key = key_in(text)
        except ValueError as error:
            raise _Unusable(f"{field}: {error}") from None
        if key is not None:
            return NamedConversation(key, conversation_in(text))
    named = next(filter(None, map(conversation_in, texts)), None)
    return None if named is None else NamedConversation(None, named)


async def _somebody_is_there(room: rtc.Room, *, unless: asyncio.Event) -> bool:
    """Who publishes no track is listed up to 3 s late."""
    changed = asyncio.Event()

    def notice(*_: object) -> None:
        changed.set()

    room.on("participant_connected", notice)
    room.on("disconnected", notice)
    try:
        while not any(map(_is_person, room.remote_participants.values())):
            if unless.is_set() or not room.isconnected():
                return False
            await _first_of(changed, unless)
            changed.clear()
    finally:
        room.off("participant_connected", notice)
        room.off("disconnected", notice)
    return True


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def _is_person(participant: rtc.RemoteParticipant) -> bool:
    return participant.kind in PEOPLE


def _joined(participant: rtc.RemoteParticipant) -> tuple[float, str]:
    joined_at = participant.joined_at
    return (0.0 if joined_at is None else joined_at.timestamp(), participant.identity)
