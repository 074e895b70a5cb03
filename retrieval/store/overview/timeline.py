"""Pages of a conversation's timeline: messages, turns, events and sessions, merged by time."""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, LiteralString, get_args

from retrieval.errors import ConversationNotFound
from retrieval.store.overview.entries import read_entries
from retrieval.store.overview.places import (
    BEGINNING,
    END,
    RANKS,
    TimelinePlace,
    before_all_of,
    just_before,
)
from retrieval.wire import ConversationId, Timeline, TimelineKind

if TYPE_CHECKING:
    from retrieval.database.connection import Database

ALL_KINDS: tuple[TimelineKind, ...] = get_args(TimelineKind)

# Of each kind, from its index by time, as many as the page could have of it alone. Behind a policy
# pairs are compared only after the rows are read, so that the time by itself bounds each scan.
_PLACES = """
select at, rank, seq, id
  from ((select started_at as at, 0 as rank, 0::bigint as seq, session_id as id
           from session
          where conversation_id = $1 and 'session' = any($6)
            and started_at {bound} $2 and (started_at, 0, session_id) {beyond} ($2, $3, $5)
          order by {session_order}
          limit $7)
        union all
        (select created_at, 1, seq, ''
           from message
          where conversation_id = $1 and 'message' = any($6)
            and created_at {bound} $2 and (created_at, 1, seq) {beyond} ($2, $3, $4)
          order by {message_order}
          limit $7)
        union all
        (select asked_at, 2, 0, question_id
           from turn_trace
          where conversation_id = $1 and 'turn' = any($6)
            and asked_at {bound} $2 and (asked_at, 2, question_id) {beyond} ($2, $3, $5)
          order by {turn_order}
          limit $7)
        union all
        (select created_at, 3, 0, event_id
           from conversation_event
          where conversation_id = $1 and 'event' = any($6)
            and created_at {bound} $2 and (created_at, 3, event_id) {beyond} ($2, $3, $5)
          order by {event_order}
          limit $7)) place
 order by {order}
 limit $7
"""


def _places(bound: LiteralString, beyond: LiteralString, way: LiteralString) -> str:
    columns = {
        "session_order": ("started_at", "session_id"),
        "message_order": ("created_at", "seq"),
        "turn_order": ("asked_at", "question_id"),
        "event_order": ("created_at", "event_id"),
        "order": ("at", "rank", "seq", "id"),
    }
    orders = {
        name: ", ".join(f"{column}{way}" for column in named) for name, named in columns.items()
    }
    return _PLACES.format(bound=bound, beyond=beyond, **orders)


BEFORE = _places("<=", "<", " desc")
AFTER = _places(">=", ">", "")

CONVERSATION = """
select message_count from conversation where conversation_id = $1 and not erased
"""


async def timeline_page(
    db: "Database",
    *,
    conversation_id: ConversationId,
    limit: int,
    before: TimelinePlace | None = None,
    after: TimelinePlace | None = None,
    at: datetime | int | None = None,
    kinds: Collection[TimelineKind] = ALL_KINDS,
) -> Timeline:
    """The newest entries; with `before` or `after` those next to that place; with `at` those around
    a time or the message of a seq, wherever it was said. Give one of the three at most.

    Raises ConversationNotFound.
    """
    message_count = await db.fetchval(CONVERSATION, conversation_id)
    if message_count is None:
        raise ConversationNotFound(conversation_id)
    read = _Reading(db, conversation_id, kinds)
    more_before, more_after = True, before is not None
    if at is not None:
        middle = before_all_of(at) if isinstance(at, datetime) else await _place(read, at)
        older, more_before = await read.before(middle, limit // 2)
        newer, more_after = await read.after(just_before(middle), limit - limit // 2)
    elif after is not None:
        older = []
        newer, more_after = await read.after(after, limit)
    else:
        older, more_before = await read.before(before or END, limit)
        newer = []
    places = [*reversed(older), *newer]
    entries = await read_entries(db, conversation_id, places)
    first, last = (places[0], places[-1]) if places else (None, after)
    return Timeline(
        entries=entries,
        before=str(first) if first is not None and more_before else None,
        after=None if last is None else str(last),
        newest=not more_after,
        message_count=message_count,
    )


class _Reading:
    def __init__(
        self, db: "Database", conversation_id: ConversationId, kinds: Collection[TimelineKind]
    ) -> None:
        self.db = db
        self.conversation_id = conversation_id
        self._kinds = list(kinds)

    async def before(self, place: TimelinePlace, limit: int) -> tuple[list[TimelinePlace], bool]:
        """The nearest first, and whether there are more."""
        return await self._read(BEFORE, place, limit)

    async def after(self, place: TimelinePlace, limit: int) -> tuple[list[TimelinePlace], bool]:
        return await self._read(AFTER, place, limit)

    async def _read(
        self, statement: str, place: TimelinePlace, limit: int
    ) -> tuple[list[TimelinePlace], bool]:
        rows = await self.db.fetch(
            statement,
            self.conversation_id,
            place.at,
            place.rank,
            place.seq,
            place.id,
            self._kinds,
            limit + 1,
        )
        return [TimelinePlace(**row) for row in rows[:limit]], len(rows) > limit


# Of a message that is gone, the one that arrived before it.
PLACE = """
select created_at, seq
  from message
 where conversation_id = $1 and seq <= $2
 order by seq desc
 limit 1
"""


async def _place(read: _Reading, seq: int) -> TimelinePlace:
    row = await read.db.fetchrow(PLACE, read.conversation_id, seq)
    if row is None:
        return BEGINNING
    return TimelinePlace(row["created_at"], RANKS["message"], seq=row["seq"])
