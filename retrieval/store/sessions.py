"""Summaries of agent sessions."""

from typing import TYPE_CHECKING

import asyncpg
import orjson

from retrieval.errors import ConversationNotFound
from retrieval.wire import ConversationId, SessionSummary

if TYPE_CHECKING:
    from retrieval.database.connection import Database

SAVE_SESSION = """
insert into session (conversation_id, session_id, agent_identity, started_at, ended_at,
                     message_count, participants, usage, close_reason)
values ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb, $9)
on conflict (conversation_id, session_id) do update
   set ended_at = coalesce(excluded.ended_at, session.ended_at),
       message_count = greatest(excluded.message_count, session.message_count),
       participants = excluded.participants,
       usage = excluded.usage,
       close_reason = coalesce(excluded.close_reason, session.close_reason),
       updated_at = excluded.updated_at
"""


async def save_session(db: "Database", *, session_id: str, summary: SessionSummary) -> None:
    """An ended session stays ended. Raises ConversationNotFound."""
    try:
        await db.execute(
            SAVE_SESSION,
            summary.conversation_id,
            session_id,
            summary.agent_identity,
            summary.started_at,
            summary.ended_at,
            summary.message_count,
            summary.participants,
            orjson.dumps(summary.usage).decode(),
            summary.close_reason,
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise ConversationNotFound(ConversationId(summary.conversation_id)) from error
