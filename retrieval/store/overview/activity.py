"""Conversations in the order of their activity, and places in that order."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from uuid import UUID

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

LOOKED_AT = 10_000
"""Conversations that one page looks through at most, whatever its filters find."""
LAST_ID = UUID(int=2**128 - 1)


@dataclass(frozen=True)
class ActivityPlace:
    """Of a conversation, or of the room of that name in it; as text it is a page's `next`."""

    active_at: datetime
    conversation_id: UUID
    room: str = ""

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises ValueError."""
        moment, _, rest = text.partition(" ")
        conversation_id, _, room = rest.partition(" ")
        active_at = datetime.fromisoformat(moment)
        if active_at.tzinfo is None or not 2 <= active_at.year <= 9999 or "\x00" in room:
            raise ValueError("is no place in a list")
        return cls(active_at, UUID(conversation_id), room)

    def __str__(self) -> str:
        place = f"{self.active_at.isoformat()} {self.conversation_id}"
        return f"{place} {self.room}" if self.room else place


FIRST = ActivityPlace(datetime(9999, 12, 31, tzinfo=UTC), LAST_ID)


@dataclass(frozen=True)
class RoomFilter:
    """`contains`: a part of the name of a room or key, in whatever case. `degraded`: one of the
    newest turns went without its memory.
    """

    contains: str | None = None
    active_since: datetime | None = None
    degraded: bool = False


# Within the looked-at, the index gives the order: the outer limit ends it early. A lateral limit
# bounds what is read of each, however large it is.
ACTIVE = """
select conversation_id, room, key, created_at, active_at, newest_at, message_count
  from (select c.conversation_id, c.room, c.key, c.created_at, c.active_at, c.newest_at,
               c.message_count, c.erased,
               case when $5 then exists (
                    select
                      from (select degraded
                              from turn_trace
                             where turn_trace.conversation_id = c.conversation_id
                             order by asked_at desc, question_id desc
                             limit 100) newest
                     where degraded is not null)
                    else true end as wanted
          from conversation c
         where active_at <= $1 and (active_at, conversation_id) < ($1, $2)
           and ($3::timestamptz is null or active_at >= $3)
         order by active_at desc, conversation_id desc
         limit 10000) looked_at
 where wanted and not erased
   and ($4::text is null
        or position(lower($4) in lower(coalesce(room, key))) > 0
        or $6 and key is not null)
 order by active_at desc, conversation_id desc
 limit $7
"""

LAST_LOOKED_AT = """
select conversation_id, active_at
  from conversation
 where active_at <= $1 and (active_at, conversation_id) < ($1, $2)
   and ($3::timestamptz is null or active_at >= $3)
 order by active_at desc, conversation_id desc
offset 9999
 limit 1
"""


async def active_conversations(
    db: "Database",
    *,
    after: ActivityPlace,
    only: RoomFilter,
    limit: int,
    all_shared: bool = False,
) -> "tuple[list[Record], ActivityPlace | None]":
    """At most `limit`, lately active ones first, and where the next page goes on, if there is one.

    `all_shared`: those of keys whatever `contains` says, for their rooms have names of their own.
    `db` sees all conversations.
    """
    given = (after.active_at, after.conversation_id, only.active_since)
    rows = await db.fetch(ACTIVE, *given, only.contains, only.degraded, all_shared, limit + 1)
    if len(rows) > limit:
        return rows[:limit], place_of(rows[limit - 1])
    last = await db.fetchrow(LAST_LOOKED_AT, *given)
    return rows, None if last is None else place_of(last)


def place_of(row: "Record", room: str = "") -> ActivityPlace:
    return ActivityPlace(row["active_at"], row["conversation_id"], room)
