"""Rooms, their conversations, events and sessions."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from retrieval.errors import ConversationNotFound, LanguageUnknown
from retrieval.store.conversations import create_room, join_conversation
from retrieval.store.events import record_events
from retrieval.store.messages import append_messages
from retrieval.store.sessions import save_session
from retrieval.wire import ConversationId
from tests.support.builders import NOON, event, message, summary


async def test_room_keeps_its_conversation(db: asyncpg.Pool) -> None:
    first, created = await create_room(db, name="helpdesk")
    again, created_again = await create_room(db, name="helpdesk", language="german")
    assert (created, created_again) == (True, False)
    assert first == again
    assert await db.fetchval("select language from conversation") == "english"


async def test_room_created_by_many_at_once_is_one_room(db: asyncpg.Pool) -> None:
    made = await asyncio.gather(*(create_room(db, name="helpdesk") for _ in range(10)))
    assert len({conversation_id for conversation_id, _ in made}) == 1
    assert sum(created for _, created in made) == 1
    assert await db.fetchval("select count(*) from conversation") == 1


@pytest.mark.parametrize("language", ["klingon", "", "english; drop table room"])
async def test_unknown_language_is_refused_before_anything_is_made(
    db: asyncpg.Pool, language: str
) -> None:
    with pytest.raises(LanguageUnknown):
        await create_room(db, name="helpdesk", language=language)
    assert await db.fetchval("select count(*) from room") == 0


async def test_room_of_another_language_is_indexed_in_it(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="hilfe", language="german")
    await append_messages(db, conversation_id=room, messages=[message(1, "die Rechnungen")])
    lexemes = await db.fetch("select lexeme from message_term order by lexeme")
    assert [row["lexeme"] for row in lexemes] == ["ana", "rechnung"]


async def test_joining_a_new_room_gives_an_empty_window(db: asyncpg.Pool) -> None:
    joined = await join_conversation(db, room="helpdesk", window=12)
    assert (joined.message_count, joined.window, joined.last_message_at) == (0, [], None)
    assert (joined.conversation_id, False) == await create_room(db, name="helpdesk")


async def test_joining_gives_the_newest_messages_oldest_first(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="helpdesk")
    batch = [message(i) for i in range(1, 31)]
    await append_messages(db, conversation_id=room, messages=batch)
    joined = await join_conversation(db, room="helpdesk", window=12)
    assert [one.seq for one in joined.window] == list(range(19, 31))
    assert joined.message_count == 30
    assert joined.last_message_at == batch[-1].created_at


async def test_joining_without_a_window_still_tells_when_the_last_message_was(
    db: asyncpg.Pool,
) -> None:
    room, _ = await create_room(db, name="helpdesk")
    await append_messages(db, conversation_id=room, messages=[message(5)])
    joined = await join_conversation(db, room="helpdesk", window=0)
    assert joined.window == []
    assert joined.last_message_at == NOON + timedelta(minutes=5)


async def test_event_recorded_twice_is_kept_once(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="helpdesk")
    assert await record_events(db, conversation_id=room, events=[event(1, a=1), event(2)]) == 2
    assert await record_events(db, conversation_id=room, events=[event(1, a=9), event(3)]) == 1
    kept = await db.fetch("select event_id, data from conversation_event order by event_id")
    assert [tuple(row) for row in kept] == [("e1", '{"a": 1}'), ("e2", "{}"), ("e3", "{}")]


async def test_session_saved_again_is_updated_and_stays_ended(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="helpdesk")
    running = summary(room, message_count=3)
    ended = running.model_copy(
        update={
            "ended_at": NOON,
            "message_count": 7,
            "usage": {"tokens": 5},
            "close_reason": "done",
        }
    )
    for saved in (running, ended, running):
        await save_session(db, session_id="s1", summary=saved)
    (row,) = await db.fetch("select * from session")
    assert (row["ended_at"], row["message_count"], row["close_reason"]) == (NOON, 7, "done")


async def test_events_and_sessions_of_an_unknown_conversation_are_refused(
    db: asyncpg.Pool,
) -> None:
    unknown = ConversationId(uuid4())
    with pytest.raises(ConversationNotFound, match=str(unknown)):
        await record_events(db, conversation_id=unknown, events=[event(1)])
    with pytest.raises(ConversationNotFound, match=str(unknown)):
        await save_session(db, session_id="s1", summary=summary(unknown))


async def test_deleting_a_conversation_leaves_nothing_of_it(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="helpdesk")
    await append_messages(db, conversation_id=room, messages=[message(1, metadata={"a": 1})])
    await record_events(db, conversation_id=room, events=[event(1)])
    await save_session(db, session_id="s1", summary=summary(room))
    await db.execute("delete from conversation")
    for table in (
        "message",
        "message_term",
        "message_metadata",
        "participant_name",
        "conversation_event",
        "session",
    ):
        left = await db.fetchval(f"select count(*) from {table}")  # noqa: S608 - the names above
        assert left == 0, table
