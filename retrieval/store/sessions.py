"""Summaries of agent sessions."""

from typing import TYPE_CHECKING

import asyncpg
import orjson

from retrieval.errors import ConversationNotFound
from retrieval.store.tombstones import read_tombstones
from retrieval.wire import ConversationId, SavedSession, SessionSummary

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

SAVE_SESSION = """
insert into session (conversation_id, session_id, agent_identity, started_at, ended_at,
                     message_count, participants, usage, close_reason)
select $1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9
 where not coalesce((select erased from conversation where conversation_id = $1), false)
on conflict (conversation_id, session_id) do update
   set ended_at = coalesce(excluded.ended_at, session.ended_at),
       message_count = greatest(excluded.message_count, session.message_count),
       participants = excluded.participants,
       usage = excluded.usage,
       close_reason = coalesce(excluded.close_reason, session.close_reason),
       updated_at = excluded.updated_at
returning true
"""

# Who has spoken since is a participant again.
SPOKEN_SINCE = """
select array_agg(distinct identity)
  from participant_name
 where conversation_id = $1 and identity = any($2)
"""


async def save_session(db: "Database", *, session_id: str, summary: SessionSummary) -> None:
    """An ended session stays ended. Raises ConversationNotFound."""
    conversation_id = ConversationId(summary.conversation_id)
    try:
        saved = await db.fetchval(
            SAVE_SESSION,
            summary.conversation_id,
            session_id,
            summary.agent_identity,
            summary.started_at,
            summary.ended_at,
            summary.message_count,
            await not_erased(db, conversation_id, summary.participants),
            orjson.dumps(summary.usage).decode(),
            summary.close_reason,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise ConversationNotFound(conversation_id) from error
    if not saved:
        raise ConversationNotFound(conversation_id)


async def not_erased(
    db: "Database", conversation_id: ConversationId, participants: list[str]
) -> list[str]:
    """The participants, without those that were erased and have said nothing since."""
    if not participants:
        return participants
    tombstones = await read_tombstones(db, conversation_id, participants=participants)
    erased = [one for one in participants if tombstones.erased_before(one) is not None]
    if not erased:
        return participants
    again = await db.fetchval(SPOKEN_SINCE, conversation_id, erased) or []
    return [one for one in participants if one not in erased or one in again]


def session_of(row: "Record") -> SavedSession:
    return SavedSession.model_construct(**{**row, "usage": orjson.loads(row["usage"])})
