"""Rooms as the inspector's first page lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database


@dataclass(frozen=True)
class ListedRoom:
    name: str
    conversation_id: ConversationId
    message_count: int


ROOMS = """
select name, conversation_id, message_count
  from room
  join conversation using (conversation_id)
 where not erased
 order by name
 limit $1
"""


async def listed(db: "Database", *, limit: int) -> Sequence[ListedRoom]:
    return [ListedRoom(**row) for row in await db.fetch(ROOMS, limit)]
