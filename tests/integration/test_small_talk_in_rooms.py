"""Small talk is not searched, unless the room has said it as a title or a thing."""

from collections.abc import Iterator

import asyncpg
import pytest

from retrieval.store.conversations import create_room
from retrieval.wire import ConversationId
from testbed.postgres import Server
from tests.support.builders import message
from tests.support.filled_database import filled_database
from tests.support.searches import chatter, ids, search, store

SAID = [
    "the song Marvellous was on the radio, and then Wonderful",
    "we watched Up on Saturday night",
    "Love is the name of her new perfume",
    "her new perfume Love smells of lemon",
    "the photo 🚲 is on the fridge",
    "Great! see you then",
    "thanks for the lift",
    "they want to sing Let It Be at the party",
    "a fantastic trip, we should go again",
    "she passed the exam 👏",
    "昨天我们看了《再见》",
]


@pytest.fixture(scope="module")
def database_template(postgres: Server) -> Iterator[str]:
    with filled_database(postgres, _fill) as name:
        yield name


async def _fill(db: asyncpg.Pool) -> None:
    room, _ = await create_room(db, name="living room")
    said = [message(number, text) for number, text in enumerate(SAID, start=1)]
    await store(db, room, [*said, *chatter(60)])


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    return ConversationId(await db.fetchval("select conversation_id from conversation"))


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("Wonderful", "m1"),
        ("“Wonderful”", "m1"),
        ("wonderful", "m1"),
        ("Up", "m2"),
        ("Love", "m4"),
        ("🚲", "m5"),
        ("🚲?", "m5"),
        ("Let It Be", "m8"),
        ("再见", "m11"),
    ],
)
async def test_a_title_or_an_emoji_alone_is_found(
    db: asyncpg.Pool, room: ConversationId, query: str, first: str
) -> None:
    response = await search(db, room, query)

    assert first in ids(response)[: 2 if query == "Love" else 1]
    assert response.relevant


@pytest.mark.parametrize(("query", "first"), [("Fantastic", "m9"), ("👏", "m10")])
async def test_praise_said_once_is_shown_and_not_recalled(
    db: asyncpg.Pool, room: ConversationId, query: str, first: str
) -> None:
    response = await search(db, room, query)

    assert ids(response)[0] == first
    assert (response.relevant, response.confidence) == (False, 0.0)


@pytest.mark.parametrize(
    "query",
    ["Wonderful!", "thanks", "Great, thanks", "👍", "let it be", "Amazing", "谢谢", "danke, bob"],
)
async def test_reactions_find_nothing(db: asyncpg.Pool, room: ConversationId, query: str) -> None:
    response = await search(db, room, query)

    assert (response.hits, response.relevant, response.confidence) == ([], False, 0.0)


async def test_excluded_messages_name_nothing(db: asyncpg.Pool, room: ConversationId) -> None:
    response = await search(db, room, "Up", exclude_ids=["m2"])

    assert response.hits == []
