"""The plans that the search's speed rests on, as PostgreSQL explains them for real parameters.

The same without the wall and behind it, where a policy stands in each of them.
"""

import json
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg
import numpy as np
import pytest
from pgvector import HalfVector

from retrieval.ann.hnsw import build_index
from retrieval.columns import array_text
from retrieval.database.connection import open_connection
from retrieval.database.live_pool import LivePool
from retrieval.database.pool import connect
from retrieval.database.roles import APP
from retrieval.embeddings.model_registry import ensure_model
from retrieval.search import context
from retrieval.search.stored import binary_codes, hnsw, known, nearest, postings, vocabulary
from retrieval.store import timeline
from retrieval.wire import ConversationId
from testbed.postgres import Server
from tests.support.filled_database import filled_database

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

DIMENSION = 8
ROOM = ConversationId(UUID(int=1))
SEQS = [*range(100, 400)]
PER_MESSAGE = {"message", "message_term", "embedding_job", "participant_name"}
"""What a context reads of tables that grow with each conversation."""
NO_FILTERS: tuple[Any, ...] = (None, None, None, None, [])
NOT_PREFERRED: tuple[Any, ...] = (0.0, [], None, 0.0, [])
QUERY = HalfVector(np.full(DIMENSION, DIMENSION**-0.5, dtype=np.float32))

FILL = """
insert into conversation (conversation_id, room, message_count, last_seq, passage_count)
select lpad(to_hex(room), 32, '0')::uuid, 'room ' || room, size, size, size
  from (values (1, 6000), (2, 6000), (3, 300)) rooms (room, size);
insert into message (conversation_id, seq, message_id, role, participant, content, created_at,
                     word_count)
select conversation_id, seq, 'm' || seq, 'user', 'p' || seq % 9, 'said ' || seq,
       '2026-01-01'::timestamptz + seq * interval '1 minute', 2
  from conversation, generate_series(1, message_count) seq;
insert into message_term (conversation_id, lexeme, seq, passage, occurrences, passage_words)
select conversation_id, lexeme, seq, 0, 1, 2
  from message, unnest(array['said', 'word' || seq % 700]) lexeme;
insert into vocabulary (conversation_id, word)
select distinct conversation_id, lexeme from message_term;
insert into message_embedding (conversation_id, model_id, smoothed, seq, passage, participant,
                               role, created_at, embedding)
select conversation_id, 1, smoothed, seq, 0, participant, role, created_at,
       (select array_agg(sin(seq * number + smoothed::integer))
          from generate_series(1, 8) number)::vector::halfvec
  from message, (values (false), (true)) kinds (smoothed);
insert into message_code (conversation_id, model_id, seq, passage, participant, role, created_at,
                          code)
select conversation_id, 1, seq, passage, participant, role, created_at, binary_quantize(embedding)
  from message_embedding where smoothed;
insert into prepared_part (conversation_id, model_id, coded_to) select conversation_id, 1, 6000
  from conversation;
"""


@pytest.fixture(scope="module")
def database_template(postgres: Server) -> Iterator[str]:
    """Rooms of different sizes in tables that were vacuumed."""
    with filled_database(postgres, _fill) as name:
        yield name


async def _fill(db: asyncpg.Pool) -> None:
    await ensure_model(db, name="waves", dimension=DIMENSION)
    await db.execute(FILL)
    for table in ("message", "message_term", "message_embedding", "message_code", "vocabulary"):
        await db.execute(f"vacuum analyze {table}")


@pytest.fixture(params=[None, APP], ids=["without the wall", "behind it"])
async def db(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[LivePool]:
    pool = await connect(database_url, pool_size=2, role=request.param)
    yield pool
    pool.terminate()


async def plan(db: "LivePool | Connection", sql: str, *parameters: Any) -> list[dict[str, Any]]:
    """The nodes of the plan as it ran, top first."""
    seen = db.of(parameters[0]) if isinstance(db, LivePool) else db
    (row,) = await seen.fetch(f"explain (analyze, format json) {sql}", *parameters)
    found = row[0]
    tree = json.loads(found) if isinstance(found, str) else found
    return list(nodes(tree[0]["Plan"]))


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", []):
        yield from nodes(inner)


def scans(found: list[dict[str, Any]]) -> dict[str, set[str]]:
    """How each table is read."""
    read: dict[str, set[str]] = {}
    for node in found:
        if "Relation Name" in node:
            read.setdefault(node["Relation Name"], set()).add(node["Node Type"])
    return read


def indexes(found: list[dict[str, Any]]) -> set[str]:
    return {node["Index Name"] for node in found if "Index Name" in node}


@pytest.mark.parametrize("smoothed", [True, False])
@pytest.mark.parametrize("room", [1, 3])
async def test_all_embeddings_are_compared_in_the_index_alone(
    db: LivePool, room: int, *, smoothed: bool
) -> None:
    found = await plan(
        db,
        nearest.NEAREST,
        UUID(int=room),
        1,
        QUERY,
        *NO_FILTERS,
        *NOT_PREFERRED,
        150,
        smoothed,
        0,
        None,
    )
    assert scans(found) == {"message_embedding": {"Index Only Scan"}}
    assert indexes(found) == {"message_embedding_scan"}
    assert sum(node.get("Heap Fetches", 0) for node in found) == 0


async def test_filters_and_preferences_are_read_from_the_index_too(db: LivePool) -> None:
    found = await plan(
        db,
        nearest.NEAREST,
        ROOM,
        1,
        QUERY,
        None,
        None,
        ["p3"],
        ["user"],
        [7, 8],
        0.2,
        ["p4"],
        None,
        0.0,
        [],
        150,
        True,
        0,
        None,
    )
    assert scans(found) == {"message_embedding": {"Index Only Scan"}}
    assert sum(node.get("Heap Fetches", 0) for node in found) == 0


async def test_the_tail_alone_is_read_beyond_what_is_prepared(db: LivePool) -> None:
    found = await plan(
        db, nearest.NEAREST, ROOM, 1, QUERY, *NO_FILTERS, *NOT_PREFERRED, 150, True, 5900, None
    )
    reads = [node for node in found if node.get("Relation Name") == "message_embedding"]
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in reads) <= 100


async def test_codes_are_compared_in_their_index_and_proposals_looked_up_one_by_one(
    db: LivePool,
) -> None:
    found = await plan(
        db,
        binary_codes.NEAREST_BY_CODE,
        ROOM,
        1,
        QUERY,
        *NO_FILTERS,
        *NOT_PREFERRED,
        150,
        6000,
        200,
        None,
    )
    read = scans(found)
    assert read["message_code"] == {"Index Only Scan"}
    assert read["message_embedding"] <= {"Index Scan", "Index Only Scan"}
    assert not [node for node in found if "Join" in node["Node Type"]]
    rows = [
        node["Actual Rows"] for node in found if node.get("Relation Name") == "message_embedding"
    ]
    assert rows == [200]


async def test_codes_of_one_speaker_among_many_are_read_from_an_index_by_speaker(
    db: LivePool,
) -> None:
    by_one: tuple[Any, ...] = (None, None, ["p3"], None, [])
    found = await plan(
        db,
        binary_codes.NEAREST_BY_CODE,
        ROOM,
        1,
        QUERY,
        *by_one,
        *NOT_PREFERRED,
        150,
        6000,
        200,
        None,
    )
    assert scans(found)["message_code"] == {"Index Only Scan"}
    assert "message_code_speaker" in indexes(found)


async def test_the_hnsw_index_is_recognised_with_its_values_as_parameters(
    database_url: str, db: LivePool
) -> None:
    owner = await open_connection(database_url)
    await build_index(owner, ROOM, model_id=1, dimension=DIMENSION, up_to=6000)
    await owner.close()
    async with db.of(ROOM).acquire() as connection:
        # The room is too small for it to pay.
        await connection.execute("set local enable_sort = off")
        found = await plan(
            connection, hnsw.nearest_by_hnsw_sql(DIMENSION), ROOM, 1, QUERY, 6000, 10, None, 0.0
        )
    assert [name.startswith("message_graph_") for name in indexes(found)] == [True]


@pytest.mark.parametrize("kinds", [[False], [False, True]])
async def test_facts_and_cosines_of_candidates_are_looked_up_one_by_one(
    db: LivePool, kinds: list[bool]
) -> None:
    seqs = array_text(np.array(SEQS))
    found = await plan(db, known.KNOWN, ROOM, [], None, *NO_FILTERS, 1, QUERY, seqs, kinds, None)
    read = scans(found)
    assert read["message_embedding"] == {"Index Only Scan"}
    assert not read["message"] & {"Seq Scan"}
    assert sum(node.get("Heap Fetches", 0) for node in found) == 0
    assert max(node["Actual Rows"] for node in found) <= 2 * len(SEQS)


async def test_the_context_is_planned_once_for_rooms_of_all_sizes(db: LivePool) -> None:
    async with db.of(ROOM).planned_once().acquire() as connection:
        assert await connection.fetchval("show plan_cache_mode") == "force_generic_plan"
        await connection.execute(f"prepare known as {context.CONTEXT}")
        asked = f"'{ROOM}', 'english', '{{}}', 100, '{{said}}', '{{said,word7}}', 1000"
        tree = await connection.fetchval(f"explain (format json) execute known ({asked})")
        await connection.execute("deallocate known")
    found = [*nodes(json.loads(tree)[0]["Plan"])]
    assert any("$1" in node.get("Index Cond", "") for node in found)  # not with its parameters
    in_conversations = {name: read for name, read in scans(found).items() if name in PER_MESSAGE}
    assert in_conversations.keys() == PER_MESSAGE
    assert not {kind for read in in_conversations.values() for kind in read} & {"Seq Scan"}
    assert scans(found)["message_term"] == {"Index Only Scan"}


async def test_news_are_read_from_where_they_begin_by_a_plan_made_once(db: LivePool) -> None:
    async with db.of(ROOM).planned_once().acquire() as connection:
        await connection.execute(f"prepare news as {context.CONTEXT_AND_NEWS}")
        asked = (
            f"'{ROOM}', 'english', '{{}}', 100, '{{said}}', '{{said,word7}}', 1000,"
            " 5990, 5980, 1, 5970, 5960, 501, 1001"
        )
        tree = await connection.fetchval(f"explain (analyze, format json) execute news ({asked})")
        await connection.execute("deallocate news")
    found = [*nodes(json.loads(tree)[0]["Plan"])]
    assert any("$1" in node.get("Index Cond", "") for node in found)
    read = scans(found)
    assert read["message_embedding"] == read["message_term"] == {"Index Only Scan"}
    tables = PER_MESSAGE | {"message_embedding", "reindexed_part"}
    assert not {kind for name in tables for kind in read[name]} & {"Seq Scan"}
    beyond = [
        node["Actual Rows"] * node["Actual Loops"]
        for node in found
        if "seq >" in node.get("Index Cond", "")
    ]
    assert sorted(beyond) == pytest.approx([10, 20, 30, 40], abs=1)
    assert max(node.get("Actual Rows", 0) for node in found) < 50


async def test_a_small_room_is_read_whole_and_no_other(db: LivePool) -> None:
    found = await plan(db, known.KNOWN_OF_ALL, UUID(int=3), [], None, *NO_FILTERS, 1, QUERY, None)
    assert scans(found)["message_embedding"] == {"Index Only Scan"}
    assert max(node["Actual Rows"] for node in found) <= 2 * 300


async def test_words_are_read_from_their_index_alone_and_no_further_than_the_cap(
    db: LivePool,
) -> None:
    found = await plan(db, postings.POSTINGS, ROOM, ["said", "word7"], 1000)
    assert scans(found) == {"message_term": {"Index Only Scan"}}
    assert sum(node.get("Heap Fetches", 0) for node in found) == 0
    reads = [node for node in found if node.get("Relation Name") == "message_term"]
    assert max(node["Actual Rows"] for node in reads) <= 1000


@pytest.mark.parametrize(("language", "read"), [("english", 1000 + 9), ("german", 0)])
async def test_words_are_read_with_the_context_if_they_are_of_its_language(
    db: LivePool, language: str, read: int
) -> None:
    words = ["said", "word7"]
    found = await plan(db, context.CONTEXT, ROOM, language, [], 100, ["said", "p7"], words, 1000)
    assert not scans(found)["message_term"] - {"Index Only Scan"}
    assert sum(node.get("Heap Fetches", 0) for node in found) == 0
    rows = [
        node["Actual Rows"] * node["Actual Loops"]
        for node in found
        if node.get("Relation Name") == "message_term"
    ]
    assert sum(rows) == pytest.approx(read, abs=1)


async def test_words_of_candidates_are_looked_up_in_the_index_alone(db: LivePool) -> None:
    found = await plan(db, postings.POSTINGS_IN, ROOM, ["said", "word7"], SEQS)
    assert scans(found) == {"message_term": {"Index Only Scan"}}
    assert max(node["Actual Rows"] for node in found) <= 2 * len(SEQS)


async def test_filtered_words_are_read_from_their_index_and_messages_looked_up(
    db: LivePool,
) -> None:
    filters: tuple[Any, ...] = (None, None, ["p3"], ["user"], [7, 8])
    found = await plan(db, postings.FILTERED_POSTINGS, ROOM, ["word7"], 1000, *filters, None)
    assert scans(found)["message_term"] == {"Index Only Scan"}
    assert not scans(found)["message"] & {"Seq Scan"}
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in found) <= 9


async def test_what_was_said_around_is_read_from_the_index_by_time(db: LivePool) -> None:
    found = await plan(db, timeline.AROUND, ROOM, SEQS[:70], 7, 7)
    assert "message_by_time" in indexes(found)
    assert not [node for node in found if node["Node Type"] in {"Sort", "Seq Scan"}]
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in found) <= 7 * 70
    # One of each scan: the message itself, which bounds it.
    assert max(node.get("Rows Removed by Filter", 0) for node in found) <= 1


@pytest.mark.parametrize("page", [timeline.SAID_BEFORE, timeline.SAID_AFTER])
async def test_a_page_by_time_reads_no_further_than_its_end(db: LivePool, page: str) -> None:
    found = await plan(db, page, ROOM, 3000, 50, 100)
    assert "message_by_time" in indexes(found)
    reads = [node for node in found if node.get("Relation Name") == "message"]
    assert {node["Node Type"] for node in reads} <= {"Index Scan", "Index Only Scan"}
    assert max(node["Actual Rows"] for node in reads) <= 50
    assert sum(node.get("Rows Removed by Filter", 0) for node in reads) <= 2  # at the bounds


async def test_words_of_either_end_are_read_from_their_indexes(db: LivePool) -> None:
    asked = (["wrod77"], [1], ["wr"], ["ws"], ["77"], ["78"])
    found = await plan(db, vocabulary.SIMILAR, ROOM, *asked, 1000)
    assert indexes(found) == {"vocabulary_pkey", "vocabulary_endings"}
    reads = [node for node in found if node.get("Relation Name") == "vocabulary"]
    assert max(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in reads) <= 10
