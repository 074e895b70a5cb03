"""Searching one conversation in a real database."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import asyncpg
import numpy as np
import pytest

from retrieval.embedders.protocol import Embeddings, EmbedKind
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.errors import ConversationNotFound, EmbeddingUnavailable
from retrieval.search import search_conversation
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.weights import WEIGHTS
from retrieval.wire import ConversationId, MessageCreate, SearchRequest, SearchResponse
from tests.support.builders import NOON, message
from tests.support.fakes import HashEmbedder


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    conversation_id, _ = await create_room(db, name="helpdesk")
    return conversation_id


class BrokenEmbedder(HashEmbedder):
    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        raise EmbeddingUnavailable("the model is away")


async def _store(
    db: asyncpg.Pool, room: ConversationId, messages: Sequence[MessageCreate], *, embed: bool = True
) -> None:
    for start in range(0, len(messages), 500):
        await append_messages(db, conversation_id=room, messages=messages[start : start + 500])
    if embed:
        await _embed(db)


async def _embed(db: asyncpg.Pool) -> None:
    embedder = HashEmbedder()
    model = await ensure_model(db, name=embedder.name, dimension=embedder.dimension)
    limits = BatchLimits(quiet=timedelta(0))
    await EmbeddingWorker(db, embedder, model, limits=limits).drain()


async def _search(
    db: asyncpg.Pool, room: ConversationId, query: str, **options: object
) -> SearchResponse:
    request = SearchRequest.model_validate({"query": query, **options})
    return await search_conversation(
        db, HashEmbedder(), conversation_id=room, request=request, now=NOON + timedelta(days=1)
    )


def _ids(response: SearchResponse) -> list[str]:
    return [hit.message.id for hit in response.hits]


def _chatter(count: int, *, first: int = 1000) -> list[MessageCreate]:
    words = ["tea", "rain", "football", "music", "trains", "garden", "cinema", "lunch"]
    return [
        message(
            first + number,
            f"{words[number % 8]} and {words[number // 8 % 8]} {number % 5}",
            participant=["ana", "bob", "cleo"][number % 3],
        )
        for number in range(count)
    ]


@pytest.fixture(params=[0, 1200], ids=["small room", "large room"])
async def filled(
    request: pytest.FixtureRequest, db: asyncpg.Pool, room: ConversationId
) -> ConversationId:
    """A small room (all messages scored) and a large one (candidates only)."""
    known = [
        message(1, "my order number is A-48213", participant="ana"),
        message(2, "thank you, I look it up", participant="agent", role="assistant"),
        message(3, "the printer shows ERR_CONN_REFUSED since yesterday", participant="bob"),
        message(4, "did you restart it?", participant="ana"),
        message(5, "the manual is at https://shop.example/docs/x200", participant="bob"),
        message(6, "プリンターが壊れました 🖨️", participant="cleo"),
    ]
    await _store(db, room, [*known, *_chatter(request.param)])
    return room


FIRST = {
    "what was my order number?": "m1",
    "48213": "m1",
    "A48213": "m1",
    "err_conn_refused": "m3",
    "https://shop.example/docs/x200": "m5",
    "shop.example": "m5",
    "broken printer": "m3",
    "プリンターが壊れました": "m6",
    "🖨️ プリンターが壊れました": "m6",
}


async def test_the_message_that_answers_comes_first(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    found = {query: _ids(await _search(db, filled, query, asker="ana"))[0] for query in FIRST}

    assert found == FIRST


ODD_QUERIES = [
    "the of and to",
    "'; drop table message; --",
    "a & b | !c:* <-> (d",
    "\\ % _ ' \" $$",
    "ß İ ﬀ ☃",
    "word " * 10_000,
    "é" * 60_000,
    "http://" + "x" * 5_000,
]


async def test_any_query_is_answered(db: asyncpg.Pool, filled: ConversationId) -> None:
    for query in ODD_QUERIES:
        response = await _search(db, filled, query)

        assert len(response.hits) <= 10
        assert await db.fetchval("select count(*) from message") == response.message_count


async def test_ten_thousand_words_still_find_the_rare_one(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    words = " ".join(f"noise{number}" for number in range(200))

    response = await _search(db, filled, f"A-48213 {words} {'tea rain ' * 5_000}", limit=3)

    assert "m1" in _ids(response)


async def test_small_talk_recalls_nothing(db: asyncpg.Pool, filled: ConversationId) -> None:
    response = await _search(db, filled, "hi, how are you?")

    assert (response.hits, response.relevant, response.confidence) == ([], False, 0)


async def test_an_empty_conversation_has_nothing_relevant(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    response = await _search(db, room, "what was my order number?")

    assert (response.hits, response.relevant, response.message_count) == ([], False, 0)


async def test_an_unknown_conversation_is_refused(db: asyncpg.Pool) -> None:
    with pytest.raises(ConversationNotFound):
        await _search(db, ConversationId(uuid4()), "anything at all")


async def test_another_conversation_is_never_found(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    other, _ = await create_room(db, name="other")
    await _store(db, other, [message(1, "my order number is B-99999", participant="ana")])

    here = await _search(db, filled, "order number B-99999", limit=100, neighbours=10)
    there = await _search(db, other, "order number A-48213", limit=100, neighbours=10)

    assert all("B-99999" not in hit.message.content for hit in here.hits)
    assert [hit.message.content for hit in there.hits] == ["my order number is B-99999"]
    assert there.message_count == 1


async def test_a_message_is_found_as_soon_as_it_is_stored(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    await _store(
        db, filled, [message(9000, "the parcel is in locker Z-777", participant="ana")], embed=False
    )

    response = await _search(db, filled, "which locker is the parcel in?")

    assert _ids(response)[0] == "m9000"
    assert response.hits[0].found_by == ["lexical"]
    assert response.pending == 1


async def test_a_message_is_found_by_its_vector_before_its_neighbours_are_known(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    await _store(db, filled, [message(9000, "parcel locker fetch", participant="ana")], embed=False)
    embedder = HashEmbedder()
    model = await ensure_model(db, name=embedder.name, dimension=embedder.dimension)
    await EmbeddingWorker(db, embedder, model).drain()  # the newest waits for its successor

    response = await _search(db, filled, "parcel locker fetch")

    assert _ids(response)[0] == "m9000"
    assert "vector" in response.hits[0].found_by
    assert response.pending == 0


FIVE = NOON + timedelta(minutes=5)
HOUR = NOON + timedelta(hours=1)
ALLOWED: list[tuple[dict[str, object], set[str]]] = [
    ({"participants": ["bob"], "until": HOUR}, {"m3", "m5"}),
    ({"participants": ["nobody"]}, set()),
    ({"roles": ["assistant"]}, {"m2"}),
    ({"until": NOON + timedelta(minutes=3)}, {"m1", "m2"}),
    ({"since": FIVE, "until": FIVE + timedelta(minutes=1)}, {"m5"}),
    ({"exclude_ids": ["m1", "m3"], "until": HOUR}, {"m2", "m4", "m5", "m6"}),
]


async def test_filters_let_nothing_else_through(db: asyncpg.Pool, filled: ConversationId) -> None:
    for filters, allowed in ALLOWED:
        response = await _search(db, filled, "order number printer manual", limit=100, **filters)

        assert set(_ids(response)) == allowed


async def test_excluded_messages_are_not_neighbours_either(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    response = await _search(
        db,
        filled,
        "what was my order number",
        limit=1,
        neighbours=2,
        exclude_ids=["m2"],
        asker="ana",
    )

    assert _ids(response) == ["m1"]
    assert response.hits[0].after == []


async def test_neighbours_stand_around_their_hit_in_reading_order(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    response = await _search(db, filled, "ERR_CONN_REFUSED printer", limit=1, neighbours=2)

    hit = response.hits[0]
    assert [one.id for one in [*hit.before, hit.message, *hit.after]] == [
        "m1", "m2", "m3", "m4", "m5",
    ]  # fmt: skip


async def test_hits_and_neighbours_share_the_token_budget(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    generous = await _search(db, filled, "order number", limit=5, neighbours=3, token_budget=2000)
    tight = await _search(db, filled, "order number", limit=5, neighbours=3, token_budget=50)

    def given(response: SearchResponse) -> int:
        return sum(1 + len(hit.before) + len(hit.after) for hit in response.hits)

    assert given(generous) > given(tight) >= 1


async def test_a_long_message_is_found_by_any_part_and_quoted_by_it(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    filler = " ".join(f"Step {number} of the guide says nothing new." for number in range(150))
    mail = f"{filler} The spare key hangs behind the blue door. {filler}"
    await _store(db, room, [message(1, mail), *_chatter(20)])

    response = await _search(db, room, "where does the spare key hang, behind which door?")

    assert _ids(response)[0] == "m1"
    assert response.hits[0].excerpt is not None
    assert "behind the blue door" in response.hits[0].excerpt
    assert len(response.hits[0].excerpt) < len(mail) / 5
    assert response.hits[0].message.content == mail


async def test_the_parts_explain_the_score(db: asyncpg.Pool, filled: ConversationId) -> None:
    response = await _search(db, filled, "What did ana order yesterday?", explain=True)

    for hit in response.hits:
        assert hit.parts is not None
        assert sum(hit.parts.values()) == pytest.approx(hit.score)
    assert response.hits == sorted(response.hits, key=lambda hit: -hit.score)


async def test_without_an_embedder_words_alone_decide(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    request = SearchRequest(query="what was my order number?")

    response = await search_conversation(db, None, conversation_id=filled, request=request)

    assert response.degraded == ["vector"]
    assert _ids(response)[0] == "m1"
    assert response.relevant


async def test_an_embedder_that_fails_does_not_fail_the_search(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    request = SearchRequest(query="what was my order number?")

    response = await search_conversation(
        db, BrokenEmbedder(), conversation_id=filled, request=request
    )

    assert response.degraded == ["vector"]
    assert _ids(response)[0] == "m1"


async def test_embeddings_of_another_model_are_not_compared(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    request = SearchRequest(query="what was my order number?")

    response = await search_conversation(
        db, HashEmbedder(name="another", dimension=8), conversation_id=filled, request=request
    )

    assert response.degraded == ["vector"]
    assert response.model == "hash"
    assert _ids(response)[0] == "m1"


async def test_without_words_or_vectors_in_common_nothing_is_given(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    request = SearchRequest(query="zebra xylophone")

    response = await search_conversation(db, None, conversation_id=filled, request=request)

    assert (response.hits, response.relevant) == ([], False)


async def test_i_is_the_one_who_asks(db: asyncpg.Pool, room: ConversationId) -> None:
    said = [
        message(number, f"my favourite colour is {colour}", participant=participant)
        for number, (participant, colour) in enumerate(
            [("ana", "red"), ("bob", "blue"), ("cleo", "green")], start=1
        )
    ]
    await _store(db, room, said)

    for participant, found in (("ana", "m1"), ("bob", "m2"), ("cleo", "m3")):
        first_person = await _search(db, room, "what is my favourite colour?", asker=participant)
        by_name = await _search(db, room, f"what is {participant}'s favourite colour?")
        assert _ids(first_person)[0] == found
        assert _ids(by_name)[0] == found


async def test_yesterday_is_the_askers_yesterday(db: asyncpg.Pool, room: ConversationId) -> None:
    """Asked on the 15th: half an hour before midnight in London is the next day in Rome."""
    late = NOON.replace(day=13, hour=23, minute=30)
    said = message(1, "the router was replaced").model_copy(update={"created_at": late})
    await _store(db, room, [said])

    async def fit(time_zone: str) -> float:
        query = "what was replaced yesterday?"
        response = await _search(db, room, query, time_zone=time_zone, explain=True)
        return (response.hits[0].parts or {})["date"]

    assert await fit("Europe/London") == 0
    assert await fit("Europe/Rome") == WEIGHTS.date


async def test_recall_does_not_reach_across_a_deleted_stretch(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    await db.execute("delete from message where conversation_id = $1 and seq = 2", filled)

    response = await _search(db, filled, "what was my order number?", neighbours=3, asker="ana")

    assert _ids(response)[0] == "m1"
    assert response.hits[0].after == []


async def test_vectors_and_words_agree_with_brute_force(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    said = _chatter(40)
    await _store(db, room, said)
    embedder = HashEmbedder()
    query = (await embedder.embed(["tea and garden"], kind="query"))[0]
    texts = [f"{one.participant}: {one.content}" for one in said]
    alone = await embedder.embed(texts, kind="document")

    response = await _search(db, room, "tea and garden", limit=100, explain=True)

    assert len(response.hits) == 40
    best = max(float(np.dot(row, query)) for row in alone)
    parts = [hit.parts or {} for hit in response.hits]
    assert max(part["surroundings"] for part in parts) <= 0.6 * (best + 1) + 1e-2


async def test_what_was_just_stored_is_relevant_by_its_words_before_it_is_embedded(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    await _embed(db)
    code = message(1, content="The gate code of the warehouse in Lisbon is 7741.")
    await _store(db, room, [code, *_chatter(1000)], embed=False)
    response = await _search(db, room, "What is the gate code of the Lisbon warehouse")
    assert response.pending == 1001
    assert response.degraded == []
    assert response.relevant
    assert _ids(response)[0] == code.id
