"""Rooms, each with one conversation."""

import uuid
from typing import TYPE_CHECKING

from retrieval.database.connection import transaction
from retrieval.errors import LanguageUnknown
from retrieval.store import epochs
from retrieval.store.messages import recent_messages
from retrieval.text.terms.stored import VERSION
from retrieval.wire import Conversation, ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database


async def create_room(
    db: "Database", *, name: str, language: str = "english"
) -> tuple[ConversationId, bool]:
    """Also returns whether this call created the room. Raises LanguageUnknown."""
    known = await _conversation_of(db, name)
    if known is not None:
        return known, False
    created = await _insert_room(db, name=name, language=language)
    if created is not None:
        return created, True
    known = await _conversation_of(db, name)
    if known is None:
        raise RuntimeError("a room that was just there is gone")
    return known, False


async def join_conversation(
    db: "Database",
    *,
    room: str,
    window: int,
    language: str = "english",
    identity: str | None = None,
    session_id: str = "",
) -> Conversation:
    """Creates a missing room; the `window` messages said last, oldest first.

    The agent of that identity, if given, has the room from now on. Raises LanguageUnknown.
    """
    conversation_id, _ = await create_room(db, name=room, language=language)
    # Before the messages are read: what an earlier agent writes from now on arrives late.
    epoch, now = None, None
    if identity is not None:
        epoch, now = await epochs.join(
            db, conversation_id, identity=identity, session_id=session_id
        )
    page = await recent_messages(db, conversation_id=conversation_id, limit=max(window, 1))
    newest = page.messages[-1] if page.messages else None
    return Conversation(
        conversation_id=conversation_id,
        room=room,
        message_count=page.message_count,
        window=page.messages[-window:] if window else [],
        last_message_at=newest.created_at if newest else None,
        epoch=epoch,
        now=now,
    )


CONVERSATION_IDS = """
select conversation_id from conversation order by conversation_id
"""


async def conversation_ids(db: "Database") -> list[ConversationId]:
    return [ConversationId(row["conversation_id"]) for row in await db.fetch(CONVERSATION_IDS)]


ROOM = """
select conversation_id from room where name = $1
"""


async def _conversation_of(db: "Database", name: str) -> ConversationId | None:
    found = await db.fetchval(ROOM, name)
    return None if found is None else ConversationId(found)


LANGUAGE_IS_KNOWN = """
select exists (select from pg_ts_config where cfgname = $1)
"""

INSERT_ROOM = """
insert into room (name, conversation_id) values ($1, $2) on conflict do nothing returning true
"""

INSERT_CONVERSATION = """
insert into conversation (conversation_id, room, language, text_version) values ($1, $2, $3, $4)
"""


async def _insert_room(db: "Database", *, name: str, language: str) -> ConversationId | None:
    conversation_id = ConversationId(uuid.uuid4())
    async with transaction(db) as connection:
        if not await connection.fetchval(LANGUAGE_IS_KNOWN, language):
            raise LanguageUnknown(language)
        if not await connection.fetchval(INSERT_ROOM, name, conversation_id):
            return None
        await connection.execute(INSERT_CONVERSATION, conversation_id, name, language, VERSION)
    return conversation_id
