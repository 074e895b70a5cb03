"""What must hold in small rooms, where everything is scored, and in large ones."""

from collections.abc import Iterator
from datetime import timedelta

import asyncpg
import pytest

from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.search import search_conversation
from retrieval.store.conversations import create_room
from retrieval.wire import MAX_QUERY_CHARS, ConversationId, SearchRequest, SearchResponse
from testbed.postgres import Server
from tests.support.builders import NOON, message
from tests.support.fakes import HashEmbedder
from tests.support.filled_database import filled_database
from tests.support.searches import BrokenEmbedder, chatter, ids, search, store


@pytest.fixture(scope="module", params=[0, 1200], ids=["small room", "large room"])
def database_template(request: pytest.FixtureRequest, postgres: Server) -> Iterator[str]:
    with filled_database(postgres, lambda db: _fill(db, request.param)) as name:
        yield name


async def _fill(db: asyncpg.Pool, count: int) -> None:
    room, _ = await create_room(db, name="helpdesk")
    known = [
        message(1, "my order number is A-48213", participant="ana"),
        message(2, "thank you, I look it up", participant="agent", role="assistant"),
        message(3, "the printer shows ERR_CONN_REFUSED since yesterday", participant="bob"),
        message(4, "did you restart it?", participant="ana"),
        message(5, "the manual is at https://shop.example/docs/x200", participant="bob"),
        message(6, "プリンターが壊れました 🖨️", participant="cleo"),
    ]
    await store(db, room, [*known, *chatter(count)])


@pytest.fixture
async def filled(db: asyncpg.Pool) -> ConversationId:
    return ConversationId(await db.fetchval("select conversation_id from conversation"))


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
    found = {query: ids(await search(db, filled, query, asker="ana"))[0] for query in FIRST}

    assert found == FIRST


ODD_QUERIES = [
    "the of and to",
    "'; drop table message; --",
    "a & b | !c:* <-> (d",
    "\\ % _ ' \" $$",
    "ß İ ﬀ ☃",
    "word " * (MAX_QUERY_CHARS // 5),
    "é" * MAX_QUERY_CHARS,
    "http://" + "x" * 4_000,
]


async def test_any_query_is_answered(db: asyncpg.Pool, filled: ConversationId) -> None:
    for query in ODD_QUERIES:
        response = await search(db, filled, query)

        assert len(response.hits) <= 10
        assert await db.fetchval("select count(*) from message") == response.message_count


async def test_the_longest_query_still_finds_the_rare_word(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    words = " ".join(f"noise{number}" for number in range(200))

    query = f"A-48213 {words} {'tea rain ' * 500}"[:MAX_QUERY_CHARS]
    response = await search(db, filled, query, limit=3)

    assert "m1" in ids(response)


async def test_small_talk_recalls_nothing(db: asyncpg.Pool, filled: ConversationId) -> None:
    response = await search(db, filled, "hi, how are you?")

    assert (response.hits, response.relevant, response.confidence) == ([], False, 0)


async def test_another_conversation_is_never_found(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    other, _ = await create_room(db, name="other")
    await store(db, other, [message(1, "my order number is B-99999", participant="ana")])

    here = await search(db, filled, "order number B-99999", limit=100, neighbours=10)
    there = await search(db, other, "order number A-48213", limit=100, neighbours=10)

    assert all("B-99999" not in hit.message.content for hit in here.hits)
    assert [hit.message.content for hit in there.hits] == ["my order number is B-99999"]
    assert there.message_count == 1


async def test_a_message_is_found_as_soon_as_it_is_stored(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    await store(
        db, filled, [message(9000, "the parcel is in locker Z-777", participant="ana")], embed=False
    )

    response = await search(db, filled, "which locker is the parcel in?")

    assert ids(response)[0] == "m9000"
    assert response.hits[0].found_by == ["lexical"]
    assert response.pending == 1


async def test_a_message_is_found_by_its_vector_before_its_neighbours_are_known(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    await store(db, filled, [message(9000, "parcel locker fetch", participant="ana")], embed=False)
    embedder = HashEmbedder()
    model = await ensure_model(db, name=embedder.name, dimension=embedder.dimension)
    await EmbeddingWorker(db, embedder, model).drain()  # the newest waits for its successor

    response = await search(db, filled, "parcel locker fetch")

    assert ids(response)[0] == "m9000"
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
        response = await search(db, filled, "order number printer manual", limit=100, **filters)

        assert set(ids(response)) == allowed


@pytest.mark.parametrize("count", [3, 1100], ids=["a few", "many"])
async def test_only_messages_with_the_metadata_are_hits(
    db: asyncpg.Pool, filled: ConversationId, count: int
) -> None:
    marked = [
        message(9000 + n, f"parcel {n} is at the door", metadata={"shop": "kiosk", "parcel": n})
        for n in range(count)
    ]
    await store(db, filled, marked)
    kiosk = await search(db, filled, "where is parcel 2?", metadata={"shop": "kiosk"}, limit=20)
    assert ids(kiosk)[0] == "m9002"
    assert set(ids(kiosk)) <= {each.id for each in marked}
    assert len(kiosk.hits) == min(count, 20)
    one = await search(
        db, filled, "what is my order number?", metadata={"parcel": 1, "shop": "kiosk"}
    )
    assert ids(one) == ["m9001"]
    none = await search(db, filled, "what is my order number?", metadata={"parcel": count})
    assert (none.hits, none.relevant) == ([], False)


async def test_excluded_messages_are_not_neighbours_either(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    response = await search(
        db,
        filled,
        "what was my order number",
        limit=1,
        neighbours=2,
        exclude_ids=["m2"],
        asker="ana",
    )

    assert ids(response) == ["m1"]
    assert response.hits[0].after == []


async def test_neighbours_stand_around_their_hit_in_reading_order(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    response = await search(db, filled, "ERR_CONN_REFUSED printer", limit=1, neighbours=2)

    hit = response.hits[0]
    assert [one.id for one in [*hit.before, hit.message, *hit.after]] == [
        "m1", "m2", "m3", "m4", "m5",
    ]  # fmt: skip


async def test_hits_and_neighbours_share_the_token_budget(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    generous = await search(db, filled, "order number", limit=5, neighbours=3, token_budget=2000)
    tight = await search(db, filled, "order number", limit=5, neighbours=3, token_budget=50)

    def given(response: SearchResponse) -> int:
        return sum(1 + len(hit.before) + len(hit.after) for hit in response.hits)

    assert given(generous) > given(tight) >= 1


async def test_the_parts_explain_the_score(db: asyncpg.Pool, filled: ConversationId) -> None:
    response = await search(db, filled, "What did ana order yesterday?", explain=True)

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
    assert ids(response)[0] == "m1"
    assert response.relevant


async def test_an_embedder_that_fails_does_not_fail_the_search(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    request = SearchRequest(query="what was my order number?")

    response = await search_conversation(
        db, BrokenEmbedder(), conversation_id=filled, request=request
    )

    assert response.degraded == ["vector"]
    assert ids(response)[0] == "m1"


async def test_embeddings_of_another_model_are_not_compared(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    request = SearchRequest(query="what was my order number?")

    response = await search_conversation(
        db, HashEmbedder(name="another", dimension=8), conversation_id=filled, request=request
    )

    assert response.degraded == ["vector"]
    assert response.model == "hash"
    assert ids(response)[0] == "m1"


async def test_without_words_or_vectors_in_common_nothing_is_given(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    request = SearchRequest(query="zebra xylophone")

    response = await search_conversation(db, None, conversation_id=filled, request=request)

    assert (response.hits, response.relevant) == ([], False)


async def test_recall_does_not_reach_across_a_deleted_stretch(
    db: asyncpg.Pool, filled: ConversationId
) -> None:
    await db.execute("delete from message where conversation_id = $1 and seq = 2", filled)

    response = await search(db, filled, "what was my order number?", neighbours=3, asker="ana")

    assert ids(response)[0] == "m1"
    assert response.hits[0].after == []
