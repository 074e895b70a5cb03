"""Writes parts of an export back, as they were: marks, ids and times are kept."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import asyncpg
import orjson

from retrieval.database.in_conversation import naming, seeing
from retrieval.errors import ConversationNotFound
from retrieval.store.conversations import create_conversation, create_room
from retrieval.store.events import record_events
from retrieval.store.exports.origin import without_erased
from retrieval.store.messages import append_messages
from retrieval.store.sessions import not_erased
from retrieval.store.tombstones import is_erased
from retrieval.wire import (
    AppendOutcome,
    ConversationId,
    ImportConversation,
    ImportedConversation,
    ImportedRecords,
    ImportRecords,
    SavedEdit,
    SavedSession,
    SharedRoom,
)

if TYPE_CHECKING:
    from retrieval.database.connection import Database

BEGAN = """
update conversation set created_at = $2 where conversation_id = $1 and created_at > $2
"""


async def import_conversation(
    db: "Database", conversation: ImportConversation, *, language: str
) -> ImportedConversation:
    """Of the room or key; no room is opened. `language` is of a new one that names none.

    Raises LanguageUnknown, and ConversationNotFound for one that was erased.
    """
    found = await _found(db, conversation) or await _made(db, conversation, language)
    if conversation.created_at is not None:
        seen = seeing(db, found.conversation_id)
        await seen.execute(BEGAN, found.conversation_id, conversation.created_at)
    return found


HERE = """
select true from conversation where conversation_id = $1
"""


async def _found(db: "Database", conversation: ImportConversation) -> ImportedConversation | None:
    """A room may have another conversation by now than the one that is exported under its name."""
    wanted = conversation.conversation_id
    if wanted is None:
        return None
    if await is_erased(seeing(db, wanted), wanted):
        raise ConversationNotFound(wanted)
    if conversation.as_copy or not await seeing(db, wanted).fetchval(HERE, wanted):
        return None
    return ImportedConversation(conversation_id=wanted, created=False)


async def _made(
    db: "Database", conversation: ImportConversation, language: str
) -> ImportedConversation:
    language = conversation.language or language
    if conversation.key is not None:
        made = await create_conversation(db, key=conversation.key, language=language)
    else:
        made = await create_room(db, name=conversation.room or "", language=language)
    conversation_id, created = made
    return ImportedConversation(conversation_id=conversation_id, created=created)


async def import_records(
    db: "Database", *, conversation_id: ConversationId, records: ImportRecords
) -> ImportedRecords:
    """What is stored already stays as it is. The messages are stored in order, all or nothing;
    after an error, repeat the call.

    Raises ConversationNotFound, MessageConflict if an id is taken by other content, and
    MessagesErased.
    """
    records = await without_erased(db, conversation_id, records)
    outcomes: list[AppendOutcome] = []
    if records.messages:
        appended = await append_messages(
            db, conversation_id=conversation_id, messages=records.messages, imported=True
        )
        outcomes = appended.outcomes
    events = 0
    if records.events:
        events = await record_events(db, conversation_id=conversation_id, events=records.events)
    return ImportedRecords(
        outcomes=outcomes,
        edits=await _import_edits(db, conversation_id, records.edits),
        events=events,
        sessions=await _import_sessions(db, conversation_id, records.sessions),
        rooms=await _import_rooms(db, conversation_id, records.rooms),
    )


IMPORT_EDITS = """
with imported as (
    insert into message_edit (conversation_id, seq, replaced_at, content, metadata)
    select $1, seq, replaced_at, edit.content, edit.metadata::jsonb
      from unnest($2::text[], $3::timestamptz[], $4::text[], $5::text[])
           as edit (message_id, replaced_at, content, metadata)
      join message on message.conversation_id = $1 and message.message_id = edit.message_id
    on conflict do nothing
    returning 1
)
select count(*) from imported
"""


async def _import_edits(
    db: "Database", conversation_id: ConversationId, edits: Sequence[SavedEdit]
) -> int:
    """Of messages that are there."""
    if not edits:
        return 0
    imported: int = await db.fetchval(
        IMPORT_EDITS,
        conversation_id,
        [edit.message_id for edit in edits],
        [edit.replaced_at for edit in edits],
        [edit.content for edit in edits],
        [orjson.dumps(edit.metadata).decode() for edit in edits],
    )
    return imported


IMPORT_SESSIONS = """
with imported as (
    insert into session (conversation_id, session_id, agent_identity, started_at, ended_at,
                         message_count, participants, usage, close_reason)
    select $1, id, agent_identity, started_at, ended_at, message_count,
           array(select name from jsonb_array_elements_text(participants::jsonb)
                             with ordinality given (name, place) order by place),
           usage::jsonb, close_reason
      from unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::bigint[],
                  $7::text[], $8::text[], $9::text[])
           as ended (id, agent_identity, started_at, ended_at, message_count,
                     participants, usage, close_reason)
    on conflict do nothing
    returning 1
)
select count(*) from imported
"""


async def _import_sessions(
    db: "Database", conversation_id: ConversationId, sessions: Sequence[SavedSession]
) -> int:
    if not sessions:
        return 0
    participants = [
        await not_erased(db, conversation_id, session.participants) for session in sessions
    ]
    try:
        imported: int = await db.fetchval(
            IMPORT_SESSIONS,
            conversation_id,
            [session.id for session in sessions],
            [session.agent_identity for session in sessions],
            [session.started_at for session in sessions],
            [session.ended_at for session in sessions],
            [session.message_count for session in sessions],
            [orjson.dumps(present).decode() for present in participants],
            [orjson.dumps(session.usage).decode() for session in sessions],
            [session.close_reason for session in sessions],
        )
    except asyncpg.ForeignKeyViolationError as error:
        raise ConversationNotFound(conversation_id) from error
    return imported


IMPORT_ROOM = """
insert into room (name, conversation_id, created_at)
select $2, $1, $3::timestamptz
 where exists (select from conversation where conversation_id = $1 and key is not null)
on conflict do nothing
returning true
"""


async def _import_rooms(
    db: "Database", conversation_id: ConversationId, rooms: Sequence[SharedRoom]
) -> int:
    """Rooms that exist keep the conversation they have."""
    imported = 0
    for room in rooms:
        named = naming(db, room=room.name)
        new = await named.fetchval(IMPORT_ROOM, conversation_id, room.name, room.created_at)
        imported += bool(new)
    return imported
