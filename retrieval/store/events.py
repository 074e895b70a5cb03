"""Events of a conversation besides its messages."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import asyncpg
import orjson

from retrieval.errors import ConversationNotFound
from retrieval.wire import ConversationEvent, ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

RECORD_EVENTS = """
with recorded as (
    insert into conversation_event (conversation_id, event_id, kind, participant, created_at, data)
    select $1, event_id, kind, participant, created_at, data::jsonb
      from unnest($2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[])
           as event (event_id, kind, participant, created_at, data)
    on conflict do nothing
    returning 1
)
select count(*) from recorded
"""


async def record_events(
    db: "Database", *, conversation_id: ConversationId, events: Sequence[ConversationEvent]
) -> int:
    """Returns how many were new; known ids are skipped. Raises ConversationNotFound."""
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
    return recorded
