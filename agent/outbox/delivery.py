"""Sends one batch of the outbox to the backend."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from uuid import UUID

from pydantic import ValidationError

from agent.epoch import Epoch
from agent.outbox.storage.entry import Entry, Stream
from longroom.client import AgentReplaced, BackendRejected, LongroomClient
from retrieval.wire import (
    MAX_BATCH_TURNS,
    ConversationEvent,
    MessageCreate,
    Request,
    SessionSummary,
    TurnTrace,
    counted_words,
)

_WIRE_TYPES: dict[Stream, type[Request]] = {
    "message": MessageCreate,
    "event": ConversationEvent,
    "session": SessionSummary,
    "turn": TurnTrace,
}


_MOST_AT_ONCE: dict[Stream, int] = {"session": 1, "turn": MAX_BATCH_TURNS}


def one_request(batch: list[Entry]) -> list[Entry]:
    return batch[: _MOST_AT_ONCE.get(batch[0].stream)]


async def deliver(
    client: LongroomClient,
    conversation_id: UUID,
    batch: Sequence[Entry],
    epoch: Epoch | None = None,
    *,
    timeout_s: float | None = None,
) -> None:
    """One stream, all or nothing; of sessions one. Raises BackendError.

    `timeout_s` is for each request, by default the client's.
    """
    match batch[0].stream:
        case "message":
            messages = [MessageCreate.model_validate_json(entry.body) for entry in batch]
            append = partial(
                client.save_conversation_turn, conversation_id, messages, timeout_s=timeout_s
            )
            await _append(append, epoch or Epoch())
        case "event":
            events = [ConversationEvent.model_validate_json(entry.body) for entry in batch]
            await client.record_events(conversation_id, events, timeout_s=timeout_s)
        case "turn":
            traces = [TurnTrace.model_validate_json(entry.body) for entry in batch]
            await client.record_turns(conversation_id, traces, timeout_s=timeout_s)
        case "session":
            (entry,) = batch
            await client.save_session(entry.id, SessionSummary.model_validate_json(entry.body))


async def deliver_unless_erased(
    client: LongroomClient, conversation_id: UUID, batch: Sequence[Entry], epoch: Epoch
) -> None:
    """Like `deliver`, without those that the backend says were erased."""
    try:
        await deliver(client, conversation_id, batch, epoch)
    except BackendRejected as rejection:
        if not rejection.is_erased:
            raise
        named = set(rejection.problem.ids)
        left = [entry for entry in batch if named and entry.id not in named]
        if len(left) == len(batch):
            raise
        if left:
            await deliver_unless_erased(client, conversation_id, left, epoch)


async def _append(append: Callable[..., Awaitable[object]], epoch: Epoch) -> None:
    """As the room's agent; of one that was replaced, as what it had accepted before."""
    if epoch.number is None:
        await epoch.confirm()
    try:
        await append(epoch=epoch.sender, room=epoch.room)
    except AgentReplaced:
        await epoch.confirm(refused=epoch.number)
        await append(epoch=epoch.sender, room=epoch.room)


def words_of(batch: Sequence[Entry]) -> int:
    return sum(counted_words(entry.body) for entry in batch)


def within_words(batch: Sequence[Entry], most: int) -> list[Entry]:
    """The first entries, one at least, of up to `most` words together."""
    kept = list(batch[:1])
    words = words_of(kept)
    for entry in batch[1:]:
        words += counted_words(entry.body)
        if words > most:
            break
        kept.append(entry)
    return kept


def unreadable(batch: Sequence[Entry]) -> list[Entry]:
    """Entries of an older program whose body is no longer valid."""
    return [entry for entry in batch if not _readable(entry)]


def _readable(entry: Entry) -> bool:
    try:
        _WIRE_TYPES[entry.stream].model_validate_json(entry.body)
    except ValidationError:
        return False
    return True
