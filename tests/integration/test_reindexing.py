"""Rooms of an older text layer are indexed anew while they are searched and written."""

import asyncio

import asyncpg
import pytest

from longroom.database import index_anew
from longroom.progress import SILENT
from retrieval.search import search_conversation
from retrieval.settings import Logins
from retrieval.store.conversations import create_room
from retrieval.store.indexes import reindexing
from retrieval.store.indexes.reindexing import Reindexing, outdated, reindex
from retrieval.store.messages import append_messages
from retrieval.text.terms.stored import VERSION
from retrieval.wire import ConversationId, SearchRequest
from tests.support.builders import message

ENTRIES = """
select lexeme, seq, passage, occurrences, passage_words, version from message_term order by 1, 2, 3
"""
TEXTS = ["The kettle of “Tavrek” is blue.", "Call +49 170 553 1907.", "猫の名前はタマです。"]


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    """Written by an older layer: other terms, and no vocabulary."""
    room, _ = await create_room(db, name="den")
    said = [message(n, f"{TEXTS[n % 3]} {n}") for n in range(1, 41)]
    await append_messages(db, conversation_id=room, messages=said)
    return room


async def age(db: asyncpg.Pool) -> None:
    await db.execute("update message_term set version = 0, occurrences = 9, passage_words = 1")
    await db.execute(
        "update message_term set lexeme = 'old:' || lexeme where lexeme in ('tavrek', 'call')"
    )
    await db.execute("delete from vocabulary")
    await db.execute("update conversation set text_version = 0, word_count = 40")


KETTLES = {f"m{n}" for n in range(1, 41) if n % 3 == 0}


async def found(db: asyncpg.Pool, room: ConversationId, query: str, *, limit: int) -> set[str]:
    request = SearchRequest(query=query, limit=limit)
    hits = (await search_conversation(db, None, conversation_id=room, request=request)).hits
    return {hit.message.id for hit in hits}


async def test_a_room_indexed_anew_is_as_if_written_now(
    db: asyncpg.Pool, room: ConversationId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "BATCH_MESSAGES", 7)
    monkeypatch.setattr(reindexing, "BATCH_DELETED", 11)
    fresh = await db.fetch(ENTRIES)
    words = await db.fetchval("select word_count from conversation")
    vocabulary = await db.fetch("select word from vocabulary order by word")
    await age(db)
    counted: list[int] = []

    await reindex(db, room, on_indexed=counted.append)

    assert await db.fetch(ENTRIES) == fresh
    assert await db.fetch("select word from vocabulary order by word") == vocabulary
    (conversation,) = await db.fetch("select * from conversation")
    assert (conversation["text_version"], conversation["word_count"]) == (VERSION, words)
    assert (sum(counted), max(counted)) == (40, 7)
    assert await db.fetchval("select count(*) from reindexed_part") == 0


async def test_what_is_appended_meanwhile_stays_and_a_killed_reindexing_goes_on(
    db: asyncpg.Pool, room: ConversationId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "BATCH_MESSAGES", 10)
    await age(db)
    counted: list[int] = []

    def killed(messages: int) -> None:
        counted.append(messages)
        if len(counted) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await reindex(db, room, on_indexed=killed)
    assert [one.messages for one in await outdated(db)] == [20]
    await append_messages(db, conversation_id=room, messages=[message(99, "Zolin has the key.")])
    assert await found(db, room, "Zolin", limit=1) == {"m99"}
    await reindex(db, room, on_indexed=counted.append)

    assert counted == [10, 10, 10, 10]
    assert await found(db, room, "Zolin", limit=1) == {"m99"}
    assert await found(db, room, "Tavrek", limit=len(KETTLES)) == KETTLES
    assert await db.fetchval("select count(*) from message_term where version < $1", VERSION) == 0
    words = await db.fetchval(
        "select sum(words) from"
        " (select max(passage_words) as words from message_term group by seq, passage)"
    )
    assert await db.fetchval("select word_count from conversation") == words


async def test_searches_find_every_message_at_any_moment(
    db: asyncpg.Pool, room: ConversationId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reindexing, "BATCH_MESSAGES", 3)
    await db.execute("update message_term set version = 0")
    await db.execute("update conversation set text_version = 0")
    working = asyncio.create_task(Reindexing(db).run())
    while not working.done():
        assert await found(db, room, "Tavrek's kettle", limit=len(KETTLES)) == KETTLES
    await working
    assert await outdated(db) == []


async def test_the_migrate_command_indexes_all_rooms(
    db: asyncpg.Pool, room: ConversationId, database_url: str
) -> None:
    await age(db)
    assert await index_anew(Logins.of_one(database_url), SILENT) == 1
    assert await index_anew(Logins.of_one(database_url), SILENT) == 0
    assert await found(db, room, "Tavrek", limit=len(KETTLES)) == KETTLES
