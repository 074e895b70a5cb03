"""A stored room, opened on the LiveKit server, with what has been dispatched for it noted."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from retrieval.store import conversations, opened_rooms
from retrieval.store.tombstones import is_erased
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from backend_stub.livekit.rooms import LiveKitRooms
    from retrieval.database.connection import Database


@dataclass(frozen=True)
class OpenedRoom:
    key: str | None
    """Of its conversation, if that belongs to one."""
    dispatched: bool
    """False if the LiveKit server did not answer: who joins dispatches by the token."""


async def open_stored_room(
    livekit: "LiveKitRooms",
    db: "Database",
    room: str,
    *,
    conversation_id: ConversationId,
    background: "Database",
) -> OpenedRoom:
    """Idempotent; `db` sees the conversation, `background` what was erased."""
    key = await conversations.key_of(db, conversation_id)
    sid = await livekit.open_room(
        room,
        conversation_id=conversation_id,
        key=key,
        erased=partial(is_erased, background),
    )
    await opened_rooms.opened(db, room, sid=sid or "", conversation_id=conversation_id)
    return OpenedRoom(key, dispatched=sid is not None)
