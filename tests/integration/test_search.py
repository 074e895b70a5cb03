"""Searching one conversation in a real database."""

from uuid import uuid4

import asyncpg
import numpy as np
import pytest

from retrieval.errors import ConversationNotFound
from retrieval.store.conversations import create_room
from retrieval.weights import WEIGHTS
from retrieval.wire import ConversationId
from tests.support.builders import NOON, message
from tests.support.fakes import HashEmbedder
from tests.support.searches import chatter, embed_all, ids, search, store


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    conversation_id, _ = await create_room(db, name="helpdesk")
    return conversation_id


async def test_an_empty_conversation_has_nothing_relevant(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    response = await search(db, room, "what was my order number?")

    assert (response.hits, response.relevant, response.message_count) == ([], False, 0)


async def test_an_unknown_conversation_is_refused(db: asyncpg.Pool) -> None:
    with pytest.raises(ConversationNotFound):
        await search(db, ConversationId(uuid4()), "anything at all")


async def test_a_long_message_is_found_by_any_part_and_quoted_by_it(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    filler = " ".join(f"Step {number} of the guide says nothing new." for number in range(150))
    mail = f"{filler} The spare key hangs behind the blue door. {filler}"
    await store(db, room, [message(1, mail), *chatter(20)])

    response = await search(db, room, "where does the spare key hang, behind which door?")

    assert ids(response)[0] == "m1"
    assert response.hits[0].excerpt is not None
    assert "behind the blue door" in response.hits[0].excerpt
    assert len(response.hits[0].excerpt) < len(mail) / 5
    assert response.hits[0].message.content == mail


async def test_i_is_the_one_who_asks(db: asyncpg.Pool, room: ConversationId) -> None:
    said = [
        message(number, f"my favourite colour is {colour}", participant=participant)
        for number, (participant, colour) in enumerate(
            [("ana", "red"), ("bob", "blue"), ("cleo", "green")], start=1
        )
    ]
    await store(db, room, said)

    for participant, found in (("ana", "m1"), ("bob", "m2"), ("cleo", "m3")):
        first_person = await search(db, room, "what is my favourite colour?", asker=participant)
        by_name = await search(db, room, f"what is {participant}'s favourite colour?")
        assert ids(first_person)[0] == found
        assert ids(by_name)[0] == found


async def test_yesterday_is_the_askers_yesterday(db: asyncpg.Pool, room: ConversationId) -> None:
    """Asked on the 15th: half an hour before midnight in London is the next day in Rome."""
    late = NOON.replace(day=13, hour=23, minute=30)
    said = message(1, "the router was replaced").model_copy(update={"created_at": late})
    await store(db, room, [said])

    async def fit(time_zone: str) -> float:
        query = "what was replaced yesterday?"
        response = await search(db, room, query, time_zone=time_zone, explain=True)
        return (response.hits[0].parts or {})["date"]

    assert await fit("Europe/London") == 0
    assert await fit("Europe/Rome") == WEIGHTS.date


async def test_vectors_and_words_agree_with_brute_force(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    said = chatter(40)
    await store(db, room, said)
    embedder = HashEmbedder()
    query = (await embedder.embed(["tea and garden"], kind="query"))[0]
    texts = [f"{one.participant}: {one.content}" for one in said]
    alone = await embedder.embed(texts, kind="document")

    response = await search(db, room, "tea and garden", limit=100, explain=True)

    assert len(response.hits) == 40
    best = max(float(np.dot(row, query)) for row in alone)
    parts = [hit.parts or {} for hit in response.hits]
    assert max(part["surroundings"] for part in parts) <= 0.6 * (best + 1) + 1e-2


async def test_what_was_just_stored_is_relevant_by_its_words_before_it_is_embedded(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await embed_all(db)
    code = message(1, content="The gate code of the warehouse in Lisbon is 7741.")
    await store(db, room, [code, *chatter(1000)], embed=False)
    response = await search(db, room, "What is the gate code of the Lisbon warehouse")
    assert response.pending == 1001
    assert response.degraded == []
    assert response.relevant
    assert ids(response)[0] == code.id
