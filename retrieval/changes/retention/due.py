"""Conversations with something that a rule lets go."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from retrieval.changes.retention.rules import Cutoffs, RetentionRule, cutoffs
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

PAGE = 500

# A message counts from when it was said; from when it was stored if its clock was ahead.
OLDEST = """
select c.conversation_id, coalesce(c.key, c.room) as name, c.expiring,
       least((select min(created_at) from message
               where message.conversation_id = c.conversation_id),
             (select min(stored_at) from message
               where message.conversation_id = c.conversation_id and created_at > $2)) as message,
       (select min(created_at) from conversation_event event
         where event.conversation_id = c.conversation_id) as event,
       (select min(coalesce(ended_at, updated_at)) from session
         where session.conversation_id = c.conversation_id) as session,
       (select min(asked_at) from turn_trace trace
         where trace.conversation_id = c.conversation_id) as trace
  from conversation c
 where c.conversation_id > $1 and not c.erased
 order by c.conversation_id
 limit $3
"""


@dataclass(frozen=True)
class Due:
    """`name` is that of the room, or the key. `expiring`: an earlier pass broke off."""

    conversation_id: ConversationId
    name: str
    cutoffs: Cutoffs
    expiring: bool = False


async def due(
    db: "Database", rules: Sequence[RetentionRule], *, now: datetime
) -> AsyncIterator[Due]:
    """Page by page, each from an index of every table."""
    after = UUID(int=0)
    while rows := await db.fetch(OLDEST, after, now, PAGE):
        for row in rows:
            bounds = cutoffs(rules, row["name"] or "", now)
            found = _bounds_of_what_is_older(row, bounds)
            if found.any or row["expiring"]:
                yield Due(
                    ConversationId(row["conversation_id"]), row["name"], found, row["expiring"]
                )
        after = rows[-1]["conversation_id"]


def _bounds_of_what_is_older(row: "Record", bounds: Cutoffs) -> Cutoffs:
    return Cutoffs(
        messages=_if_older(row["message"], bounds.messages),
        events=_if_older(row["event"], bounds.events),
        sessions=_if_older(row["session"], bounds.sessions),
        traces=_if_older(row["trace"], bounds.traces),
    )


def _if_older(oldest: datetime | None, bound: datetime | None) -> datetime | None:
    return bound if bound is not None and oldest is not None and oldest < bound else None


COUNT = """
select (select count(*) from message
         where conversation_id = $1
           and (created_at < $2 or created_at > $5 and stored_at < $2)) as messages,
       (select count(*) from conversation_event
         where conversation_id = $1 and created_at < $3) as events,
       (select count(*) from session
         where conversation_id = $1 and coalesce(ended_at, updated_at) < $4) as sessions,
       (select count(*) from turn_trace
         where conversation_id = $1 and asked_at < $6) as traces
"""


async def preview(
    db: "Database", rules: Sequence[RetentionRule], *, now: datetime | None = None
) -> list[tuple[str, dict[str, int]]]:
    """What a pass would remove, by room or key and by kind."""
    moment: datetime = now or await db.fetchval("select now()")
    counted = [
        (one.name, await _count(db, one, now=moment)) async for one in due(db, rules, now=moment)
    ]
    return [(name, counts) for name, counts in counted if counts]


async def _count(db: "Database", one: Due, *, now: datetime) -> dict[str, int]:
    bounds = one.cutoffs
    row = await db.fetchrow(
        COUNT,
        one.conversation_id,
        bounds.messages,
        bounds.events,
        bounds.sessions,
        now,
        bounds.traces,
    )
    return {kind: count for kind, count in dict(row or {}).items() if count}
