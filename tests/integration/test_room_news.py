"""One statement tells whether a conversation in memory still stands, and what is newer than it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg
import numpy as np
import orjson
import pytest

from retrieval.changes.correction import correct_message
from retrieval.changes.erasure.message import erase_message
from retrieval.database.live_pool import LivePool
from retrieval.database.pool import connect
from retrieval.database.roles import APP
from retrieval.embeddings import model_migration
from retrieval.embeddings.model_registry import activate, ensure_model
from retrieval.embeddings.rows import raise_vectors_version
from retrieval.search.context import SearchContext, read_context
from retrieval.search.lexical.postings import MAX_TERMS
from retrieval.search.memory.news import MAX_NEW_MESSAGES, MAX_NEW_VECTORS, News
from retrieval.search.memory.version import Marks, Version
from retrieval.store.conversations import create_room
from retrieval.store.indexes import reindexing
from retrieval.store.messages import append_messages, recent_messages
from retrieval.text.terms.stored import VERSION
from retrieval.wire import ConversationId, Message, MessageId
from testbed.postgres import Server
from tests.support.builders import message
from tests.support.filled_database import filled_database
from tests.support.searches import store

if TYPE_CHECKING:
    from retrieval.database.connection import Database

SAID = 80
MICROSECOND = timedelta(microseconds=1)
YEAR_2000 = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Room:
    """In memory."""

    language: str
    version: Version
    marks: Marks
    message_count: int


async def _fill(db: asyncpg.Pool) -> None:
    await ensure_model(db, name="hash", dimension=64)
    for name in ("room", "other"):
        conversation_id, _ = await create_room(db, name=name)
        await store(db, conversation_id, [message(n, f"Kettle {n}.") for n in range(1, SAID + 1)])


@pytest.fixture(scope="module")
def database_template(postgres: Server) -> Iterator[str]:
    with filled_database(postgres, _fill) as name:
        yield name


@pytest.fixture
async def conversation_id(db: asyncpg.Pool) -> ConversationId:
    found = await db.fetchval("select conversation_id from conversation where room = 'room'")
    return ConversationId(found)


@pytest.fixture
async def room(db: asyncpg.Pool, conversation_id: ConversationId) -> Room:
    """All of it is known."""
    return kept(await read_context(db, conversation_id=conversation_id, query="?"))


def kept(context: SearchContext) -> Room:
    assert context.version is not None
    marks = Marks(*[context.last_seq] * 4)
    return Room(context.language, context.version, marks, context.message_count)


async def read(
    db: "Database", conversation_id: ConversationId, room: Room, query: str = "?"
) -> News | None:
    context = await read_context(
        db, conversation_id=conversation_id, query=query, with_words=True, room=room
    )
    assert context.postings is None
    return context.news


async def test_nothing_is_new(
    db: asyncpg.Pool, conversation_id: ConversationId, room: Room
) -> None:
    news = await read(db, conversation_id, room, "kettle")

    assert news is not None
    assert news.complete
    assert [len(part) for part in (news.messages, news.alone, news.in_context)] == [0, 0, 0]
    assert [len(one.seq) for one in news.postings] == [0]


async def test_what_was_said_since(
    db: asyncpg.Pool, conversation_id: ConversationId, room: Room
) -> None:
    said = [
        message(101, "The kettle is blue.", participant="ben", metadata={"a": [1, "ü"]}),
        message(102, "kettle, kettle", role="assistant", interrupted=True).model_copy(
            update={"created_at": datetime(2026, 1, 1, 1, 2, 3, 456_789, tzinfo=UTC)}
        ),
    ]
    await append_messages(db, conversation_id=conversation_id, messages=said)

    news = await read(db, conversation_id, room, "a kettle")

    assert news is not None
    page = await recent_messages(db, conversation_id=conversation_id, limit=9, after=SAID)
    assert messages_of(news) == page.messages
    rows = await db.fetch(
        "select hashtext(participant) as speaker, word_count, traits from message"
        " where conversation_id = $1 and seq > $2 order by seq",
        conversation_id,
        SAID,
    )
    columns = (news.messages.speaker, news.messages.words, news.messages.traits)
    assert [*zip(*(column.tolist() for column in columns), strict=True)] == [*map(tuple, rows)]
    (kettle,) = news.postings
    assert (kettle.term, kettle.seq.tolist()) == ("kettl", [82, 81])
    assert kettle.occurrences.tolist() == [2, 1]


def messages_of(news: News) -> list[Message]:
    columns = news.messages
    return [
        Message(
            id=MessageId(columns.message_id[place]),
            seq=int(columns.seq[place]),
            role=columns.role[place],
            participant=columns.participant[place],
            content=columns.content[place],
            created_at=YEAR_2000 + int(columns.created_at[place]) * MICROSECOND,
            interrupted=columns.interrupted[place],
            metadata=orjson.loads(columns.metadata[place]),
            epoch=columns.epoch[place],
            room=columns.room[place],
            edited_at=columns.edited_at[place],
        )
        for place in range(len(columns))
    ]


async def test_vectors_are_the_stored_ones_to_the_bit(
    db: asyncpg.Pool, conversation_id: ConversationId, room: Room
) -> None:
    long = " ".join(f"word{n} and another." for n in range(400))
    await store(db, conversation_id, [message(101, long), message(102, "Short.")])

    news = await read(db, conversation_id, room)

    assert news is not None
    for smoothed, found in ((False, news.alone), (True, news.in_context)):
        rows = await db.fetch(
            "select seq, passage, embedding from message_embedding where conversation_id = $1"
            " and smoothed = $2 and seq > $3 order by seq, passage",
            conversation_id,
            smoothed,
            SAID,
        )
        assert len(rows) > 3
        assert found.seq.tolist() == [row["seq"] for row in rows]
        assert found.passage.tolist() == [row["passage"] for row in rows]
        stored = np.stack([row["embedding"].to_numpy() for row in rows])
        assert found.embedding.tobytes() == stored.tobytes()


async def test_each_mark_counts_for_itself(
    db: asyncpg.Pool, conversation_id: ConversationId, room: Room
) -> None:
    marks = Marks(messages=SAID, postings=60, alone=77, in_context=75)

    news = await read(db, conversation_id, replace(room, marks=marks), "kettle")

    assert news is not None
    assert len(news.messages) == 0
    assert news.postings[0].seq.tolist() == [*range(80, 60, -1)]
    assert news.alone.seq.tolist() == [78, 79, 80]
    assert news.in_context.seq.tolist() == [76, 77, 78, 79, 80]


async def test_more_terms_than_a_search_takes_from_the_tables(
    db: asyncpg.Pool, conversation_id: ConversationId, room: Room
) -> None:
    """Which of them are the rarest is not known before all are counted."""
    query = " ".join(f"{first}{last}{first}" for first in "bcdfghklmn" for last in "aeiou")
    await append_messages(db, conversation_id=conversation_id, messages=[message(101, query)])

    news = await read(db, conversation_id, room, query)

    assert news is not None
    assert len(news.postings) > MAX_TERMS
    assert {one.seq.tolist()[0] for one in news.postings} == {81}


@pytest.mark.parametrize(("more", "is_too_much"), [(0, False), (1, True)])
async def test_more_messages_than_the_limit(
    db: asyncpg.Pool, conversation_id: ConversationId, room: Room, more: int, is_too_much: bool
) -> None:
    said = [message(n) for n in range(1000, 1000 + MAX_NEW_MESSAGES + more)]
    await store(db, conversation_id, said, embed=False)

    assert (await read(db, conversation_id, room) is None) is is_too_much


@pytest.mark.parametrize(("more", "is_too_much"), [(0, False), (1, True)])
async def test_more_vectors_of_both_kinds_than_the_limit(
    db: asyncpg.Pool, conversation_id: ConversationId, room: Room, more: int, is_too_much: bool
) -> None:
    await db.execute(
        """
        insert into message_embedding
        select conversation_id, 1, smoothed, seq, passage, participant, role, created_at,
               array_fill(0.125, array[64])::halfvec
          from message
         cross join unnest(array[false, true]) smoothed
         cross join generate_series(100, 98 + $2::integer / 4) passage
         where conversation_id = $1 and seq in (79, 80)
        """,
        conversation_id,
        MAX_NEW_VECTORS,
    )
    marks = replace(room.marks, alone=78, in_context=78 - more)

    assert (await read(db, conversation_id, replace(room, marks=marks)) is None) is is_too_much


Change = Callable[[asyncpg.Pool, ConversationId], Awaitable[None]]


async def correct(db: asyncpg.Pool, conversation_id: ConversationId) -> None:
    await correct_message(
        db,
        conversation_id=conversation_id,
        message_id="m7",
        content="Corrected.",
        metadata=None,
        keep_edits=False,
    )


async def erase(db: asyncpg.Pool, conversation_id: ConversationId) -> None:
    await erase_message(db, conversation_id=conversation_id, message_id="m7")


async def delete_unannounced(db: asyncpg.Pool, conversation_id: ConversationId) -> None:
    """As a program of an older version does."""
    await db.execute("delete from message where conversation_id = $1 and seq = 7", conversation_id)
    await db.execute("update conversation set message_count = message_count - 1")


async def announce_vectors(db: asyncpg.Pool, conversation_id: ConversationId) -> None:
    async with db.acquire() as connection:
        await raise_vectors_version(connection, conversation_id)


async def change_model(db: asyncpg.Pool, conversation_id: ConversationId) -> None:
    model = await model_migration.begin(db, name="new", dimension=64)
    await activate(db, model_id=model.model_id)


async def begin_to_reindex(db: asyncpg.Pool, conversation_id: ConversationId) -> None:
    await db.execute(reindexing.BEGIN, conversation_id, VERSION, SAID, 1)


async def outdate(db: asyncpg.Pool, conversation_id: ConversationId) -> None:
    await db.execute("update conversation set text_version = $1", VERSION - 1)


@pytest.mark.parametrize(
    "change",
    [
        correct,
        erase,
        delete_unannounced,
        announce_vectors,
        change_model,
        begin_to_reindex,
        outdate,
    ],
)
async def test_whatever_changes_a_conversation_takes_it_out_of_memory(
    db: asyncpg.Pool, conversation_id: ConversationId, room: Room, change: Change
) -> None:
    assert await read(db, conversation_id, room) is not None

    await change(db, conversation_id)

    assert await read(db, conversation_id, room) is None


async def test_what_an_older_text_layer_wrote_is_not_served_from_memory(
    db: asyncpg.Pool, conversation_id: ConversationId, room: Room
) -> None:
    await outdate(db, conversation_id)
    version = replace(room.version, text_version=VERSION - 1)

    assert await read(db, conversation_id, replace(room, version=version)) is None


async def test_another_server_may_lack_what_is_known(
    db: asyncpg.Pool, conversation_id: ConversationId, room: Room
) -> None:
    version = replace(room.version, server_started=room.version.server_started - MICROSECOND)

    assert await read(db, conversation_id, replace(room, version=version)) is None


async def test_without_a_room_in_memory_postings_are_read_and_no_news(
    db: asyncpg.Pool, conversation_id: ConversationId
) -> None:
    context = await read_context(
        db, conversation_id=conversation_id, query="kettle", with_words=True
    )

    assert context.news is None
    assert context.postings is not None
    assert len(context.postings[0].seq) == SAID


async def test_a_room_in_another_language_takes_one_statement(db: asyncpg.Pool, room: Room) -> None:
    conversation_id, _ = await create_room(db, name="küche", language="german")
    context = await read_context(db, conversation_id=conversation_id, query="?")
    await append_messages(
        db, conversation_id=conversation_id, messages=[message(1, "Die Kessel kochen.")]
    )

    news = await read(db, conversation_id, kept(context), "Welche Kessel kochen?")

    assert news is not None
    found = {one.term: one.seq.tolist() for one in news.postings}
    assert [seqs for term, seqs in found.items() if "koch" in term] == [[1]]


@pytest.fixture
async def behind_the_wall(database_url: str) -> AsyncIterator[LivePool]:
    pool = await connect(database_url, pool_size=2, role=APP)
    yield pool
    pool.terminate()


async def test_requests_see_the_news_of_their_conversation_and_no_others(
    db: asyncpg.Pool, behind_the_wall: LivePool, conversation_id: ConversationId, room: Room
) -> None:
    other = ConversationId(
        await db.fetchval("select conversation_id from conversation where room = 'other'")
    )
    await store(db, other, [message(101, "The other kettle.")])
    await store(db, conversation_id, [message(102, "A kettle.")])

    news = await read(behind_the_wall.of(conversation_id), conversation_id, room, "kettle")

    assert news is not None
    assert news.messages.message_id == ["m102"]
    assert news.alone.seq.tolist() == news.in_context.seq.tolist() == [81]
    assert news.postings[0].seq.tolist() == [81]
