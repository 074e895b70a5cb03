"""Events of a conversation besides its messages."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import orjson

from retrieval.errors import ConversationNotFound
from retrieval.store.conversations import check_known
from retrieval.store.tombstones import ids_about, read_tombstones, still_valid
from retrieval.wire import ConversationEvent, ConversationId, EventKind

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

RECORD_EVENTS = """
with recorded as (
    insert into conversation_event (conversation_id, event_id, kind, participant, created_at, data)
    select $1, event_id, kind, participant, created_at, data::jsonb
      from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
           as event (event_id, kind, participant, created_at, data)
     where not coalesce((select erased from conversation where conversation_id = $1), false)
    on conflict do nothing
    returning 1
)
select count(*) from recorded
"""


async def record_events(
    db: "Database", *, conversation_id: ConversationId, events: Sequence[ConversationEvent]
) -> int:
    """Returns how many were new; known ids are skipped, and what is about something erased.

    Raises ConversationNotFound.
    """
    tombstones = await read_tombstones(
        db,
        conversation_id,
        ids=[one for event in events for one in ids_about(event)],
        participants=[event.participant for event in events if event.participant],
    )
    events = still_valid(tombstones, events)
    try:
        recorded: int = await db.fetchval(
            RECORD_EVENTS,
            conversation_id,
            [event.id for event in events],
            [event.kind for event in events],
            [event.participant for event in events],
            [event.created_at for event in events],
            [orjson.dumps(event.data).decode() for event in events],
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise ConversationNotFound(conversation_id) from error
    if not recorded:
        await check_known(db, conversation_id)
    return recorded


NEWEST_EVENTS = """
select event_id as id, kind, participant, created_at, data
  from conversation_event
 where conversation_id = $1
   and not coalesce((select erased from conversation where conversation_id = $1), false)
   and ($2::text is null or kind = $2)
   and ($3::timestamptz is null or created_at >= $3)
 order by created_at desc, event_id
 limit $4
"""


async def newest_events(
    db: "Database",
    *,
    conversation_id: ConversationId,
    limit: int,
    kind: EventKind | None = None,
    since: datetime | None = None,
) -> list[ConversationEvent]:
    """Oldest first. Raises ConversationNotFound."""
    rows = await db.fetch(NEWEST_EVENTS, conversation_id, kind, since, limit)
    if not rows:
        await check_known(db, conversation_id)
    return [event_of(row) for row in reversed(rows)]


def event_of(row: "Record") -> ConversationEvent:
    return ConversationEvent.model_construct(**{**row, "data": orjson.loads(row["data"])})
