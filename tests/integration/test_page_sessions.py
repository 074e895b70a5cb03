"""Sessions of pages in the database: what ends them."""

from datetime import timedelta

import asyncpg

from retrieval.changes.erasure.conversation import erase_conversation
from retrieval.changes.erasure.everywhere import erase_everywhere
from retrieval.changes.erasure.participant import erase_participant
from retrieval.embeddings.model_registry import ensure_model
from retrieval.store.conversations import create_room
from retrieval.store.pages import sessions
from retrieval.wire import ConversationId

LASTS = timedelta(hours=1)


async def visitor(db: asyncpg.Pool, secret: str, *, room: str, identity: str) -> None:
    await sessions.begin(db, secret, kind="room", lasts=LASTS, room=room, identity=identity)


async def room_of(db: asyncpg.Pool, name: str) -> ConversationId:
    await ensure_model(db, name="hash", dimension=64)
    return (await create_room(db, name=name))[0]


async def left(db: asyncpg.Pool) -> set[str]:
    secrets = ("ada in den", "bob in den", "ada in attic")
    return {one for one in secrets if await sessions.find(db, one, kind="room")}


async def three(db: asyncpg.Pool) -> ConversationId:
    """The den's conversation."""
    den = await room_of(db, "den")
    await room_of(db, "attic")
    await visitor(db, "ada in den", room="den", identity="ada")
    await visitor(db, "bob in den", room="den", identity="bob")
    await visitor(db, "ada in attic", room="attic", identity="ada")
    return den


async def test_sessions_end_with_the_conversation(db: asyncpg.Pool) -> None:
    await erase_conversation(db, conversation_id=await three(db))

    assert await left(db) == {"ada in attic"}


async def test_sessions_end_with_the_participant(db: asyncpg.Pool) -> None:
    den = await three(db)

    await erase_participant(db, conversation_id=den, identity="ada", dry_run=True)
    assert await left(db) == {"ada in den", "bob in den", "ada in attic"}
    await erase_participant(db, conversation_id=den, identity="ada")
    assert await left(db) == {"bob in den", "ada in attic"}
    await erase_everywhere(db, identity="ada")
    assert await left(db) == {"bob in den"}


async def test_a_session_expires_and_is_of_its_own_kind(db: asyncpg.Pool) -> None:
    await visitor(db, "secret", room="den", identity="ada")
    assert await sessions.find(db, "secret", kind="room") is not None
    assert await sessions.find(db, "secret", kind="inspector") is None

    await db.execute("update page_session set expires_at = now()")

    assert await sessions.find(db, "secret", kind="room") is None
    await visitor(db, "another", room="den", identity="ada")
    assert await db.fetchval("select count(*) from page_session") == 1
