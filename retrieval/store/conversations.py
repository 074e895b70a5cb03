"""Conversations: each room's own, and those of keys, which several rooms may share."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, LiteralString

from retrieval.database.connection import transaction
from retrieval.database.in_conversation import see_new, seeing
from retrieval.errors import ConversationNotFound, LanguageUnknown, RoomMoved
from retrieval.store import epochs
from retrieval.store.messages import recent_messages
from retrieval.text.terms.stored import VERSION
from retrieval.wire import Conversation, ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database


@dataclass(frozen=True)
class AskedFor:
    """What metadata told an agent to serve, and LiveKit's id of the room that it is in."""

    conversation_id: ConversationId
    livekit_sid: str


async def create_conversation(
    db: "Database", *, key: str, language: str = "english"
) -> tuple[ConversationId, bool]:
    """The key's conversation, and whether this call created it. Raises LanguageUnknown."""
    return await _found_or_created(db, KEY, INSERT_KEY, key, key=key, language=language)


async def create_room(
    db: "Database",
    *,
    name: str,
    key: str | None = None,
    language: str = "english",
    asked_for: AskedFor | None = None,
) -> tuple[ConversationId, bool]:
    """The room's conversation, and whether this call created the room. Raises LanguageUnknown.

    With a `key` the room has that key's conversation from now on; without one it keeps what it has,
    or gets a conversation of its own.

    Raises RoomMoved, and moves nothing, if the room has left what an agent was `asked_for`.
    """
    if key is None:
        found = await _found_or_created(db, ROOM, INSERT_ROOM, name, room=name, language=language)
        await _check_not_left(db, name, asked_for)
        return found
    conversation_id, _ = await create_conversation(db, key=key, language=language)
    db = seeing(db, conversation_id)
    created = await db.fetchval(INSERT_ROOM, name, conversation_id)
    if not created:
        await db.execute(MOVE_ROOM, name, conversation_id, *_left(asked_for))
        await _check_not_left(db, name, asked_for)
    return conversation_id, bool(created)


async def conversation_of(db: "Database", *, room: str) -> ConversationId | None:
    """None if there is no such room."""
    found = await db.fetchval(ROOM, room)
    return None if found is None else ConversationId(found)


async def join_conversation(
    db: "Database",
    *,
    room: str,
    window: int,
    key: str | None = None,
    language: str = "english",
    identity: str | None = None,
    session_id: str = "",
    asked_for: AskedFor | None = None,
) -> Conversation:
    """Creates a missing room; the `window` messages said last, oldest first.

    The agent of that identity, if given, has the room from now on. Raises LanguageUnknown, and
    RoomMoved as `create_room` does.
    """
    conversation_id, _ = await create_room(
        db, name=room, key=key, language=language, asked_for=asked_for
    )
    db = seeing(db, conversation_id)
    named = await db.fetchrow(NAMED, conversation_id)
    if named is None:
        raise ConversationNotFound(conversation_id)
    key = named["key"]
    # Before the messages are read: what an earlier agent writes from now on arrives late.
    epoch, now = None, None
    if identity is not None:
        shared = None if key is None else room
        epoch, now = await epochs.join(
            db, conversation_id, identity=identity, session_id=session_id, room=shared
        )
    page = await recent_messages(db, conversation_id=conversation_id, limit=max(window, 1))
    newest = page.messages[-1] if page.messages else None
    return Conversation(
        conversation_id=conversation_id,
        room=room,
        key=key,
        message_count=page.message_count,
        window=page.messages[-window:] if window else [],
        last_message_at=newest.created_at if newest else None,
        epoch=epoch,
        now=now,
        revision=named["revision"],
    )


CONVERSATION_IDS = """
select conversation_id from conversation order by conversation_id
"""


async def conversation_ids(db: "Database") -> list[ConversationId]:
    return [ConversationId(row["conversation_id"]) for row in await db.fetch(CONVERSATION_IDS)]


# Before the messages are read: what is erased meanwhile raises it.
NAMED = """
select key, revision from conversation where conversation_id = $1 and not erased
"""

KNOWN = """
select exists (select from conversation where conversation_id = $1 and not erased)
"""


async def check_known(db: "Database", conversation_id: ConversationId) -> None:
    """Raises ConversationNotFound."""
    if not await db.fetchval(KNOWN, conversation_id):
        raise ConversationNotFound(conversation_id)


KEY_OF = """
select key from conversation where conversation_id = $1
"""


async def key_of(db: "Database", conversation_id: ConversationId) -> str | None:
    """None for the conversation that a room has alone."""
    key: str | None = await db.fetchval(KEY_OF, conversation_id)
    return key


ROOM = """
select conversation_id from room where name = $1
"""

KEY = """
select conversation_id from conversation_key where key = $1
"""

INSERT_ROOM = """
insert into room (name, conversation_id) values ($1, $2) on conflict do nothing returning true
"""

INSERT_KEY = """
insert into conversation_key (key, conversation_id) values ($1, $2)
on conflict do nothing returning true
"""

# The last 16. Citus dies of a slice in an update.
MOVE_ROOM = """
update room
   set conversation_id = $2,
       left_conversation_ids = array_prepend(conversation_id, trim_array(
           array_remove(left_conversation_ids, $2),
           greatest(cardinality(array_remove(left_conversation_ids, $2)) - 15, 0)))
 where name = $1 and conversation_id <> $2
   and not (coalesce($3::uuid = any (left_conversation_ids), false)
            and livekit_sid is not distinct from $4)
"""

LEFT = """
select exists (select from room
                where name = $1 and $2::uuid = any (left_conversation_ids) and livekit_sid = $3)
"""


async def _check_not_left(db: "Database", name: str, asked_for: AskedFor | None) -> None:
    if asked_for is not None and await db.fetchval(LEFT, name, *_left(asked_for)):
        raise RoomMoved


def _left(asked_for: AskedFor | None) -> tuple[ConversationId | None, str | None]:
    return (None, None) if asked_for is None else (asked_for.conversation_id, asked_for.livekit_sid)


async def _found_or_created(
    db: "Database",
    find: LiteralString,
    insert: LiteralString,
    name: str,
    *,
    room: str | None = None,
    key: str | None = None,
    language: str,
) -> tuple[ConversationId, bool]:
    """By the name of a room or a key. Of several callers at once, one creates it."""
    if (known := await db.fetchval(find, name)) is not None:
        return ConversationId(known), False
    created = await _create(db, insert, name, room=room, key=key, language=language)
    if created is not None:
        return created, True
    if (known := await db.fetchval(find, name)) is None:
        raise RuntimeError("a conversation that was just there is gone")
    return ConversationId(known), False


LANGUAGE_IS_KNOWN = """
select exists (select from pg_ts_config where cfgname = $1)
"""

INSERT_CONVERSATION = """
insert into conversation (conversation_id, room, key, language, text_version)
values ($1, $2, $3, $4, $5)
"""


async def _create(
    db: "Database",
    insert: LiteralString,
    name: str,
    *,
    room: str | None,
    key: str | None,
    language: str,
) -> ConversationId | None:
    conversation_id = ConversationId(uuid.uuid4())
    async with transaction(db) as connection:
        if not await connection.fetchval(LANGUAGE_IS_KNOWN, language):
            raise LanguageUnknown(language)
        await see_new(connection, conversation_id)
        if not await connection.fetchval(insert, name, conversation_id):
            return None
        await connection.execute(INSERT_CONVERSATION, conversation_id, room, key, language, VERSION)
    return conversation_id
