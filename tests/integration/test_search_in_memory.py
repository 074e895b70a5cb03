"""A search in memory finds what a search of the tables finds, to the last bit.

Whatever becomes of the conversation meanwhile; and of what tells that memory still stands nothing
can be left out.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING

import asyncpg
import pytest

from retrieval.changes.correction import correct_message
from retrieval.changes.erasure.message import erase_message
from retrieval.changes.erasure.participant import erase_participant
from retrieval.changes.retention.maintenance import Retention
from retrieval.changes.retention.rules import RetentionRule
from retrieval.embedders.protocol import Embeddings, EmbedKind
from retrieval.embeddings import model_migration
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.model_registry import activate, ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.search import candidates, context
from retrieval.search.lexical.postings import Postings
from retrieval.search.memory import news
from retrieval.search.memory.news import News
from retrieval.search.memory.version import Kept, Version
from retrieval.store.conversations import create_room
from retrieval.text.terms.stored import VERSION
from retrieval.wire import ConversationId, SearchRequest
from testbed.postgres import Server
from tests.support.builders import NOON, message
from tests.support.fakes import HashEmbedder
from tests.support.filled_database import filled_database
from tests.support.random_talk import PEOPLE, asked, questions, talk
from tests.support.searched_twice import SearchedTwice, rooms_in_memory
from tests.support.searches import embed_all, store

if TYPE_CHECKING:
    from retrieval.database.connection import Record

SAID = 220
SHORT = 40
"""Less than the newest vectors, of which each search reads all that may be missing."""
SMALL = 50
"""Of the tests of rooms too large to score everything."""


async def _fill(db: asyncpg.Pool) -> None:
    await ensure_model(db, name="hash", dimension=64)
    for name, count, language in (
        ("in order", SAID, "english"),
        ("out of order", SAID, "german"),
        ("short", SHORT, "english"),
    ):
        room, _ = await create_room(db, name=name, language=language)
        dice = random.Random(name)  # noqa: S311 - the same talk each time
        await store(db, room, talk(dice, count, in_order=name != "out of order"))


@pytest.fixture(scope="module")
def database_template(postgres: Server) -> Iterator[str]:
    with filled_database(postgres, _fill) as name:
        yield name


@pytest.fixture(params=["in order", "out of order"])
def room_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[1000, SMALL], ids=["all scored", "some chosen"])
def small(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "SMALL_CONVERSATION", request.param)
    monkeypatch.setattr(candidates, "PROPOSED", 30)
    monkeypatch.setattr(candidates, "CANDIDATES", 15)


@pytest.fixture
async def twice(db: asyncpg.Pool, room_name: str) -> AsyncIterator[SearchedTwice]:
    found = await db.fetchval("select conversation_id from conversation where room = $1", room_name)
    searched = SearchedTwice(db, ConversationId(found))
    await searched.take_in()
    yield searched
    await searched.rooms.aclose()


def asking(count: int) -> list[SearchRequest]:
    dice = random.Random(count)  # noqa: S311 - the same questions each time
    lantern = SearchRequest(query="lantern", limit=40, explain=True)
    return [lantern, *questions(dice, count - 1, talk(dice, SAID))]


@pytest.mark.usefixtures("small")
async def test_random_questions_have_the_same_answer(twice: SearchedTwice) -> None:
    before = twice.rooms.figures

    assert await twice.differences(asking(50)) == []
    assert twice.rooms.figures.answered - before.answered > 40  # not small talk
    assert twice.rooms.figures.missed == before.missed
    assert twice.rooms.figures.fills == 1


@pytest.mark.parametrize("room_name", ["in order", "out of order"])
async def test_a_search_in_memory_is_one_statement(twice: SearchedTwice) -> None:
    statements: list[str] = []
    await append(twice, 5)
    async with twice.db.acquire() as connection:
        connection.add_query_logger(lambda record: statements.append(record.query))
        for request in asking(20):
            if request.metadata or request.window:
                continue
            statements.clear()
            await asked(connection, twice.conversation_id, request, twice.rooms)
            await asyncio.sleep(0)  # the logger is called later
            assert statements == [context.CONTEXT_AND_NEWS], request


Change = Callable[[SearchedTwice], Awaitable[object]]


async def append(twice: SearchedTwice, count: int = 20, *, embed: bool = False) -> None:
    said = talk(random.Random(count), count, first=1000)  # noqa: S311
    await store(twice.db, twice.conversation_id, said, embed=embed)


async def append_and_embed(twice: SearchedTwice) -> None:
    await append(twice, embed=True)


async def append_many(twice: SearchedTwice) -> None:
    """More than a statement brings."""
    await append(twice, 60)


async def append_late(twice: SearchedTwice) -> None:
    """Said before most of what is known."""
    late = message(2000, "The lantern pump of Maria").model_copy(
        update={"created_at": NOON + timedelta(minutes=SAID // 2, seconds=20)}
    )
    await store(twice.db, twice.conversation_id, [late])


async def correct(twice: SearchedTwice) -> None:
    await correct_message(
        twice.db,
        conversation_id=twice.conversation_id,
        message_id="m20",
        content="The pump and the lantern of Tavrelin were never sold",
        metadata={"channel": "web"},
        keep_edits=False,
    )


async def correct_and_embed(twice: SearchedTwice) -> None:
    await correct(twice)
    await embed_all(twice.db)


async def erase_messages(twice: SearchedTwice) -> None:
    for message_id in ("m7", "m8", "m20"):
        await erase_message(twice.db, conversation_id=twice.conversation_id, message_id=message_id)


async def erase_somebody(twice: SearchedTwice) -> None:
    await erase_participant(twice.db, conversation_id=twice.conversation_id, identity=PEOPLE[0])


async def expire(twice: SearchedTwice) -> None:
    rule = RetentionRule.model_validate({"rooms": "*", "messages_days": 1})
    now = NOON + timedelta(days=1, minutes=SAID // 2)
    await Retention(twice.db, [rule], pause_s=0).apply(now=now)


async def change_the_model(twice: SearchedTwice) -> None:
    """Nothing is embedded by the new one."""
    new = await model_migration.begin(twice.db, name="new", dimension=64)
    await activate(twice.db, model_id=new.model_id)


async def index_anew(twice: SearchedTwice) -> None:
    """By a later text layer, which does not store one word everywhere."""
    await twice.db.execute("delete from message_term where lexeme = 'lantern' and seq % 2 = 0")
    await twice.db.execute("update conversation set text_version = $1", VERSION + 1)


async def begin_to_index_anew(twice: SearchedTwice) -> None:
    await twice.db.execute("delete from message_term where lexeme = 'lantern' and seq % 2 = 0")
    await twice.db.execute(
        "insert into reindexed_part (conversation_id, version, last_seq, words_before)"
        " values ($1, $2, 5, 0)",
        twice.conversation_id,
        VERSION,
    )


CHANGES: tuple[Change, ...] = (
    append,
    append_and_embed,
    append_many,
    append_late,
    correct,
    correct_and_embed,
    erase_messages,
    erase_somebody,
    expire,
    change_the_model,
    index_anew,
    begin_to_index_anew,
)


@pytest.mark.parametrize("room_name", ["out of order"])
@pytest.mark.parametrize("change", CHANGES)
async def test_whatever_changes_is_found_at_once(
    twice: SearchedTwice, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "MAX_NEW_MESSAGES", 30)
    requests = asking(8)
    await change(twice)

    assert await twice.differences(requests) == []
    assert await twice.differences(requests) == []  # taken in anew meanwhile, or with its news
    if change is not change_the_model:
        await embed_all(twice.db)
        assert await twice.differences(requests) == []


@pytest.mark.parametrize("room_name", ["in order"])
async def test_replicas_see_what_the_others_wrote(twice: SearchedTwice) -> None:
    other = SearchedTwice(twice.db, twice.conversation_id)
    await other.take_in()
    requests = asking(6)
    for change in (append, correct, append_late, erase_messages):
        await change(twice)
        assert await other.differences(requests) == []
        await embed_all(twice.db)
        assert await twice.differences(requests) == []
        assert await other.differences(requests) == []
    await other.rooms.aclose()


@pytest.mark.parametrize("room_name", ["out of order"])
async def test_what_is_appended_meanwhile_is_found_whole_or_not_at_all(
    twice: SearchedTwice,
) -> None:
    said = iter(talk(random.Random(5), 30, first=1000, in_order=False))  # noqa: S311
    for request in asking(30):
        before = await twice.in_tables(request)
        _, meanwhile = await asyncio.gather(
            store(twice.db, twice.conversation_id, [next(said)], embed=False),
            twice.in_memory(request),
        )
        assert meanwhile in (before, await twice.in_tables(request)), request
    assert twice.rooms.figures.answered > 20


class Evicting(HashEmbedder):
    """Puts the room out of memory, and changes it, while it is searched."""

    twice: SearchedTwice

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        self.twice.rooms.forget(self.twice.conversation_id)
        await append(self.twice, 3)
        await self.twice.take_in()
        return await super().embed(texts, kind=kind)


@pytest.mark.parametrize("room_name", ["in order"])
async def test_a_search_goes_on_in_a_room_that_is_put_out_meanwhile(twice: SearchedTwice) -> None:
    request = SearchRequest(query="Who sold the lantern?", limit=30, explain=True)
    expected = await twice.in_tables(request)
    evicting = Evicting()
    evicting.twice = SearchedTwice(twice.db, twice.conversation_id, twice.rooms)

    found = await asked(twice.db, twice.conversation_id, request, twice.rooms, embedder=evicting)

    assert found == expected
    assert await twice.in_tables(request) != expected
    assert await twice.differences([request]) == []


@pytest.mark.parametrize("room_name", ["in order"])
async def test_rooms_that_do_not_fit_are_searched_in_their_tables(twice: SearchedTwice) -> None:
    (room,) = [twice.rooms.get(twice.conversation_id)]
    assert room is not None
    crowded = SearchedTwice(twice.db, twice.conversation_id, rooms_in_memory(room.nbytes // 2))
    requests = asking(6)

    assert await crowded.differences(requests) == []
    figures = crowded.rooms.figures
    assert (figures.rooms, figures.bytes, figures.answered) == (0, 0, 0)
    await crowded.rooms.aclose()


# What tells that a room in memory stands. Each part is left out once, for a change that no other
# part tells of.


def without(part: str) -> Callable[[Version, object], bool]:
    """How versions compare that lack it."""
    others = [field.name for field in fields(Version) if field.name != part]
    return lambda one, other: all(getattr(one, name) == getattr(other, name) for name in others)


async def correct_before_it_is_embedded(twice: SearchedTwice) -> None:
    await append(twice, 1)
    await twice.take_in()
    await correct_message(
        twice.db,
        conversation_id=twice.conversation_id,
        message_id="m1000",
        content="The pump and the lantern of Tavrelin were never sold",
        metadata={},
        keep_edits=False,
    )


async def embed_what_is_old(twice: SearchedTwice) -> None:
    old = (twice.conversation_id, 30, 90)
    await twice.db.execute(
        "delete from message_embedding where conversation_id = $1 and seq between $2 and $3", *old
    )
    await twice.db.execute(
        """
        insert into embedding_job (conversation_id, model_id, seq)
        select conversation_id, 1, seq from message
         where conversation_id = $1 and seq between $2 and $3
        """,
        *old,
    )
    twice.rooms.forget(twice.conversation_id)
    await twice.take_in()
    await embed_all(twice.db)


class Backwards(HashEmbedder):
    """Another model."""

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        return await super().embed([text.upper()[::-1] for text in texts], kind=kind)


async def change_to_a_model_that_is_done(twice: SearchedTwice) -> None:
    new = Backwards(name="new")
    model = await model_migration.begin(twice.db, name=new.name, dimension=new.dimension)
    await EmbeddingWorker(twice.db, new, model, limits=BatchLimits(quiet=timedelta(0))).drain()
    await twice.take_in()
    await activate(twice.db, model_id=model.model_id)
    twice.embedder = new


@pytest.mark.parametrize("room_name", ["short"])
@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("model_id", change_to_a_model_that_is_done),
        ("revision", correct_before_it_is_embedded),
        ("text_version", index_anew),
    ],
)
async def test_no_part_of_the_version_can_be_left_out(
    twice: SearchedTwice, part: str, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    await change(twice)
    requests = asking(8)
    with monkeypatch.context() as patched:
        patched.setattr(Version, "__eq__", without(part))
        assert await twice.differences(requests) != []
    assert await twice.differences(requests) == []


@pytest.mark.parametrize("room_name", ["in order"])
async def test_the_version_of_the_vectors_cannot_be_left_out(
    twice: SearchedTwice, monkeypatch: pytest.MonkeyPatch
) -> None:
    await embed_what_is_old(twice)
    requests = asking(8)
    with monkeypatch.context() as patched:
        patched.setattr(Version, "__eq__", without("vectors_version"))
        assert await twice.differences(requests) != []
    assert await twice.differences(requests) == []


@pytest.mark.parametrize("room_name", ["short"])
@pytest.mark.parametrize(
    ("told", "untold", "change"),
    [
        ("(select true from reindexed_part where conversation_id = $1)", "null::boolean",
         begin_to_index_anew),
        ("smoothed = false and seq > $11", "smoothed is null and seq > $11", append_and_embed),
        ("smoothed = true and seq > $12", "smoothed is null and seq > $12", append_and_embed),
        ("{newer}", "and seq > $9 and false", append),
    ],
)  # fmt: skip
async def test_no_part_of_the_statement_can_be_left_out(
    twice: SearchedTwice, told: str, untold: str, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    await change(twice)
    requests = asking(8)
    statement = context.CONTEXT_AND_NEWS
    told = told.replace("{newer}", "and seq > $9")
    assert told in statement
    with monkeypatch.context() as patched:
        patched.setattr(context, "CONTEXT_AND_NEWS", statement.replace(told, untold))
        assert await twice.differences(requests) != []
    assert await twice.differences(requests) == []


@pytest.mark.parametrize("room_name", ["short"])
@pytest.mark.parametrize("change", [correct, erase_messages, erase_somebody, index_anew])
async def test_who_does_not_look_at_the_version_finds_what_is_gone(
    twice: SearchedTwice, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stands(row: "Record", postings: Sequence[Postings], room: Kept) -> News | None:
        return news.news_of(row, postings)

    await change(twice)
    requests = asking(8)
    with monkeypatch.context() as patched:
        patched.setattr(context, "_news", stands)
        assert await twice.differences(requests) != []
    assert await twice.differences(requests) == []
