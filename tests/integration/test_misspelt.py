"""A word that nobody in the room wrote finds the room's words of nearest spelling."""

import asyncpg
import pytest

from retrieval.search import search_conversation
from retrieval.search.stored import vocabulary
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId, SearchRequest
from tests.support.builders import message

NAMES = [
    "Tavrelin", "Zolvik", "Brunhas", "Quilmora", "Fendrake", "Osterby", "Malvern", "Ingvild",
    "Perouse", "Wexhollow", "Montrevault", "Катаринин", "Drossel",
]  # fmt: skip


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    room, _ = await create_room(db, name="den")
    said = [message(n, f"{name} keeps the key.") for n, name in enumerate(NAMES, start=1)]
    await append_messages(db, conversation_id=room, messages=said)
    return room


async def first(db: asyncpg.Pool, room: ConversationId, query: str) -> str:
    request = SearchRequest(query=query)
    hits = (await search_conversation(db, None, conversation_id=room, request=request)).hits
    return hits[0].message.content.split()[0] if hits else ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Tavrelim", "Tavrelin"),  # another last letter
        ("avrelin", "Tavrelin"),  # the first left out
        ("Zolivk", "Zolvik"),  # swapped in the middle
        ("Zollvik", "Zolvik"),  # doubled
        ("Brunhaus", "Brunhas"),
        ("Quilmra", "Quilmora"),
        ("Fendrkae", "Fendrake"),
        ("Osterbie", "Osterby"),  # two edits
        ("Vexholow", "Wexhollow"),  # one in the first letters, one in the last
        ("Tabreiln", "Tavrelin"),
        ("Motnrevalt", "Montrevault"),  # one behind the first letters, one before the last
        ("Катаринн", "Катаринин"),
        ("drosel", "Drossel"),
        ("MALVRN", "Malvern"),
    ],
)
async def test_a_misspelt_name_finds_the_one_of_nearest_spelling(
    db: asyncpg.Pool, room: ConversationId, written: str, meant: str
) -> None:
    assert await first(db, room, f"Does {written} keep it?") == meant


async def test_a_misspelt_message_is_found_by_the_right_spelling(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await append_messages(
        db, conversation_id=room, messages=[message(99, "Hargraeve has the ladder.")]
    )
    assert await first(db, room, "Hargreave") == "Hargraeve"


async def test_an_exact_match_comes_before_a_similar_one(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    said = [message(98, "Zolvek keeps the key."), message(99, "Zolvek keeps the lamp.")]
    await append_messages(db, conversation_id=room, messages=said)
    assert await first(db, room, "the key of Zolvik") == "Zolvik"


@pytest.mark.parametrize("written", ["Tom", "Zebra", "Quadrant", "Nomansland"])
async def test_other_words_find_nothing(
    db: asyncpg.Pool, room: ConversationId, written: str
) -> None:
    assert await first(db, room, written) == ""


async def test_another_rooms_words_are_not_found(db: asyncpg.Pool, room: ConversationId) -> None:
    other, _ = await create_room(db, name="other")
    await append_messages(db, conversation_id=other, messages=[message(1, "Nothing here.")])
    assert await first(db, other, "Tavrelim") == ""


async def test_the_vocabulary_is_read_by_ranges_of_its_indexes(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await db.execute(
        "insert into vocabulary select $1, md5(n::text) from generate_series(1, 30000) n", room
    )
    await db.execute("vacuum analyze vocabulary")
    rows = await db.fetch(
        f"explain {vocabulary.SIMILAR}", room, ["abcdef"], [1], ["ab"], ["ac"], ["fe"], ["ff"], 1000
    )
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan" not in plan
    assert "vocabulary_pkey" in plan
    assert "vocabulary_endings" in plan
