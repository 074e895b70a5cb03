"""All rows of one kind of a conversation, a page at a time: a page is what is in memory.

The orders are those of bytes, not of the database's language: the same in every database.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from retrieval.store.events import event_of
from retrieval.store.sessions import session_of
from retrieval.store.stored_before import message_of
from retrieval.wire import (
    ConversationEvent,
    ConversationId,
    Message,
    SavedEdit,
    SavedSession,
    SharedRoom,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Database

PAGE_MESSAGES = 200  # each may have 65,536 characters
PAGE_ROWS = 500
_FIRST = datetime(1, 1, 1, tzinfo=UTC)

MESSAGES = """
select seq, message_id, role, participant, content, created_at, interrupted, metadata,
       late_epoch, room, edited_at
  from message
 where conversation_id = $1 and seq > $2 and ($3::text is null or participant = $3)
 order by seq
 limit $4
"""


async def messages(
    db: "Database", conversation_id: ConversationId, participant: str | None
) -> AsyncIterator[Message]:
    """By seq: what arrives meanwhile comes last, and is in it if the last page is not yet read."""
    after = 0
    while True:
        rows = await db.fetch(MESSAGES, conversation_id, after, participant, PAGE_MESSAGES)
        for row in rows:
            yield message_of(row)
        if len(rows) < PAGE_MESSAGES:
            return
        after = rows[-1]["seq"]


EDITS = """
select edit.seq, message_id, edit.content, edit.metadata, replaced_at
  from message_edit edit
  join message on message.conversation_id = $1 and message.seq = edit.seq
 where edit.conversation_id = $1 and (edit.seq, replaced_at) > ($2, $3)
   and ($4::text is null or participant = $4)
 order by edit.seq, replaced_at
 limit $5
"""


async def edits(
    db: "Database", conversation_id: ConversationId, participant: str | None
) -> AsyncIterator[SavedEdit]:
    seq, moment = 0, _FIRST
    while True:
        rows = await db.fetch(EDITS, conversation_id, seq, moment, participant, PAGE_MESSAGES)
        for row in rows:
            yield SavedEdit.model_construct(
                message_id=row["message_id"],
                content=row["content"],
                metadata=orjson.loads(row["metadata"]),
                replaced_at=row["replaced_at"],
            )
        if len(rows) < PAGE_MESSAGES:
            return
        seq, moment = rows[-1]["seq"], rows[-1]["replaced_at"]


EVENTS = """
select event_id as id, kind, participant, created_at, data
  from conversation_event
 where conversation_id = $1
   and created_at >= $2 and (created_at, event_id collate "C") > ($2, $3)
   and ($4::text is null or participant = $4)
 order by created_at, event_id collate "C"
 limit $5
"""


async def events(
    db: "Database", conversation_id: ConversationId, participant: str | None
) -> AsyncIterator[ConversationEvent]:
    moment, event_id = _FIRST, ""
    while True:
        rows = await db.fetch(EVENTS, conversation_id, moment, event_id, participant, PAGE_ROWS)
        for row in rows:
            yield event_of(row)
        if len(rows) < PAGE_ROWS:
            return
        moment, event_id = rows[-1]["created_at"], rows[-1]["id"]


SESSIONS = """
select session_id as id, agent_identity, started_at, ended_at, message_count,
       case when $4::text is null then participants
            else array(select name from unnest(participants) name where name = $4)
       end as participants,
       usage, close_reason
  from session
 where conversation_id = $1 and (started_at, session_id collate "C") > ($2, $3)
   and ($4 is null or agent_identity = $4 or $4 = any(participants))
 order by started_at, session_id collate "C"
 limit $5
"""


async def sessions(
    db: "Database", conversation_id: ConversationId, participant: str | None
) -> AsyncIterator[SavedSession]:
    moment, session_id = _FIRST, ""
    while True:
        rows = await db.fetch(SESSIONS, conversation_id, moment, session_id, participant, PAGE_ROWS)
        for row in rows:
            yield session_of(row)
        if len(rows) < PAGE_ROWS:
            return
        moment, session_id = rows[-1]["started_at"], rows[-1]["id"]


HAS_KEY = """
select key is not null from conversation where conversation_id = $1
"""

ROOMS = """
select name, created_at
  from room
 where conversation_id = $1 and name collate "C" > $2
 order by name collate "C"
 limit $3
"""


async def rooms(
    db: "Database", conversation_id: ConversationId, participant: str | None
) -> AsyncIterator[SharedRoom]:
    """Those that share the conversation of a key; they are about no participant."""
    if participant is not None or not await db.fetchval(HAS_KEY, conversation_id):
        return
    name = ""
    while True:
        rows = await db.fetch(ROOMS, conversation_id, name, PAGE_ROWS)
        for row in rows:
            yield SharedRoom.model_construct(**dict(row))
        if len(rows) < PAGE_ROWS:
            return
        name = rows[-1]["name"]
