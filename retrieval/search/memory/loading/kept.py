"""What is kept of a conversation: all of it or, where that is too much, its codes."""

from typing import TYPE_CHECKING, TypeAlias

from retrieval.ann.tiers import LIMITS, TierLimits
from retrieval.search.memory.coded.load import load_codes
from retrieval.search.memory.coded.room import CodedRoom
from retrieval.search.memory.loading.load import load
from retrieval.search.memory.room import Room
from retrieval.search.memory.words.indexing import indexed
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

KeptRoom: TypeAlias = Room | CodedRoom


async def load_kept(
    db: "Database",
    conversation_id: ConversationId,
    *,
    most_bytes: int,
    limits: TierLimits = LIMITS,
) -> KeptRoom | None:
    room = await load(db, conversation_id, most_bytes=most_bytes, limits=limits)
    if room is not None:
        return room
    return await load_codes(db, conversation_id, most_bytes=most_bytes, limits=limits)


async def caught_up(room: KeptRoom) -> KeptRoom:
    """With the words of all its messages, if it has messages."""
    return await indexed(room) if isinstance(room, Room) else room
