"""A page of rooms, those first whose conversation was active lately."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from retrieval.store.overview.activity import (
    FIRST,
    ActivityPlace,
    RoomFilter,
    active_conversations,
    place_of,
)
from retrieval.store.overview.figures import read_figures
from retrieval.wire import RoomOverview, RoomsPage

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record


async def rooms_page(
    db: "Database",
    *,
    model_id: int,
    limit: int,
    after: ActivityPlace | None = None,
    only: RoomFilter | None = None,
) -> RoomsPage:
    """Rooms of a key stand together, by name. `db` sees all conversations."""
    only = only or RoomFilter()
    active, following = await active_conversations(
        db, after=_including(after or FIRST), only=only, limit=limit, all_shared=True
    )
    rooms = await _own_rooms(db, [row for row in active if row["key"] is None])
    found: list[tuple[Record, Record]] = []
    for row in active:
        if row["key"] is None:
            named = rooms.get(row["conversation_id"], [])
        else:
            begin = _begin(row, after)
            named = await db.fetch(
                SHARED, row["conversation_id"], begin, only.contains, limit + 1 - len(found)
            )
        found += [(row, room) for room in named if not _was_before(row, room, after)]
        if len(found) > limit:
            row, room = found[limit - 1]
            following = place_of(row, room["name"])
            break
    found = found[:limit]
    figures = await read_figures(db, list(dict(_by_id(found)).values()), model_id=model_id)
    return RoomsPage(
        rooms=[
            RoomOverview(
                **figures[row["conversation_id"]], name=room["name"], opened_at=room["created_at"]
            )
            for row, room in found
            if row["conversation_id"] in figures
        ],
        next=None if following is None else str(following),
    )


def _including(after: ActivityPlace) -> ActivityPlace:
    """Rooms of the same conversation may follow the one of that name."""
    if not after.room:
        return after
    following = min(after.conversation_id.int + 1, 2**128 - 1)
    return replace(after, conversation_id=UUID(int=following))


def _begin(row: "Record", after: ActivityPlace | None) -> str:
    same = after is not None and row["conversation_id"] == after.conversation_id
    return after.room if after is not None and same else ""


def _was_before(row: "Record", room: "Record", after: ActivityPlace | None) -> bool:
    return row["key"] is None and bool(_begin(row, after)) and room["name"] <= _begin(row, after)


def _by_id(found: "Sequence[tuple[Record, Record]]") -> "list[tuple[UUID, Record]]":
    return [(row["conversation_id"], row) for row, _ in found]


# A room's row may have another conversation by now.
OWN = """
select name, conversation_id, created_at
  from room
 where name = any($1) and conversation_id = any($2)
"""


async def _own_rooms(
    db: "Database", conversations: "Sequence[Record]"
) -> "dict[UUID, list[Record]]":
    """Of conversations that have one room alone, which they are called after."""
    names = [row["room"] for row in conversations]
    ids = [row["conversation_id"] for row in conversations]
    rows = await db.fetch(OWN, names, ids) if ids else []
    return {row["conversation_id"]: [row] for row in rows}


SHARED = """
select name, created_at
  from room
 where conversation_id = $1 and name > $2
   and ($3::text is null or position(lower($3) in lower(name)) > 0)
 order by name
 limit $4
"""
