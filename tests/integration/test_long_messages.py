"""Pasted mails, logs and code: found by any part of them, and quoted by the part that matched."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import numpy as np
import pytest

from retrieval.embedders import Embedder
from retrieval.embeddings.batch import BatchLimits
from retrieval.embeddings.model_registry import ensure_model
from retrieval.embeddings.worker import EmbeddingWorker
from retrieval.search import search_conversation
from retrieval.search.lexical.postings import only_in
from retrieval.search.query.filters import Filters
from retrieval.search.stored.postings import read_complete, read_postings
from retrieval.store.conversations import create_room
from retrieval.store.messages import append_messages
from retrieval.wire import (
    ConversationId,
    RetrievalHit,
    SearchRequest,
    message_tokens,
)
from testbed.postgres import Server
from tests.support.builders import message
from tests.support.filled_database import filled_database

BEGIN = "The delivery of the marble kitchen table was promised for the third week of June."
MIDDLE = "Our insurance only pays if the water damage is reported within ten days."
END = "Please send the signed contract to the notary in Salzburg before her holidays."
SMALL = "Regarding point {n}, we looked at it and see no reason to change what was agreed so far."


def _padding(start: int) -> str:
    return " ".join(SMALL.format(n=n) for n in range(start, start + 25))


MAIL = "\n\n".join([BEGIN, _padding(1), MIDDLE, _padding(40), END])
LOG = "\n".join(
    f"2026-03-14 12:{n // 60:02d}:{n % 60:02d} worker-{n % 4} INFO request {n} served in 12 ms"
    if n != 77
    else "2026-03-14 12:01:17 worker-1 ERROR OutOfMemoryError: heap of tenant acme-7741 exhausted"
    for n in range(120)
)
CODE = (
    "Here is the module:\n```python\n"
    + "\n\n".join(
        f"def step_{n}(values):\n    return [value + {n} for value in values]"
        if n != 31
        else "def refund_invoice(invoice, reason):\n    ledger.cancel(invoice.number)\n"
        "    customer.notify(reason)"
        for n in range(60)
    )
    + "\n```"
)
EVERYTHING = Filters(None, None, None, None, [])
COLUMNS = ("seq", "passage", "occurrences", "passage_words")
CHAT = ["How was your weekend?", "The train was late again.", "I will call you back.", "Fine!"]


@pytest.fixture(scope="module")
def database_template(postgres: Server, minilm: Embedder) -> Iterator[str]:
    """One room in which everything is embedded."""
    with filled_database(postgres, lambda db: _fill(db, minilm)) as name:
        yield name


async def _fill(db: asyncpg.Pool, minilm: Embedder) -> None:
    conversation_id, _ = await create_room(db, name="helpdesk")
    said = [*CHAT, MAIL, *CHAT, LOG, *CHAT, CODE, *CHAT * 3]
    messages = [message(n, text) for n, text in enumerate(said, start=1)]
    await append_messages(db, conversation_id=conversation_id, messages=messages)
    model = await ensure_model(db, name=minilm.name, dimension=minilm.dimension)
    limits = BatchLimits(quiet=timedelta(0))
    await EmbeddingWorker(db, minilm, model, limits=limits).drain()


@pytest.fixture
async def room(db: asyncpg.Pool) -> ConversationId:
    return ConversationId(await db.fetchval("select conversation_id from conversation"))


PARTS = [
    ("When will the kitchen table arrive?", MAIL, BEGIN),
    ("How soon must a leak be told to the insurance?", MAIL, MIDDLE),
    ("Where does the signed contract have to go?", MAIL, END),
    ("OutOfMemoryError acme-7741", LOG, "heap of tenant acme-7741 exhausted"),
    ("Which tenant ran out of memory?", LOG, "heap of tenant acme-7741 exhausted"),
    ("the function that refunds an invoice", CODE, "def refund_invoice(invoice, reason):"),
    ("ledger.cancel(invoice.number)", CODE, "ledger.cancel(invoice.number)"),
]


async def _best(
    db: asyncpg.Pool, minilm: Embedder, room: ConversationId, query: str, **options: int
) -> list[RetrievalHit]:
    request = SearchRequest.model_validate({"query": query, **options})
    found = await search_conversation(db, minilm, conversation_id=room, request=request)
    return found.hits


@pytest.mark.parametrize(("query", "whole", "part"), PARTS)
async def test_any_part_finds_the_message_and_is_what_is_quoted(
    db: asyncpg.Pool, minilm: Embedder, room: ConversationId, query: str, whole: str, part: str
) -> None:
    first = (await _best(db, minilm, room, query))[0]
    assert first.message.content == whole
    assert first.excerpt is not None
    assert part in first.excerpt
    assert len(first.excerpt) < len(whole) / 3


@pytest.mark.parametrize(("query", "whole", "part"), PARTS)
async def test_the_quote_keeps_its_place_in_a_small_budget_beside_neighbours(
    db: asyncpg.Pool, minilm: Embedder, room: ConversationId, query: str, whole: str, part: str
) -> None:
    hits = await _best(db, minilm, room, query, token_budget=400, neighbours=2)
    assert hits[0].message.content == whole
    assert part in (hits[0].excerpt or "")
    given = [hit.excerpt or hit.message.content for hit in hits]
    given += [near.content for hit in hits for near in (*hit.before, *hit.after)]
    assert sum(map(message_tokens, given)) <= 400


async def test_a_long_neighbour_pushes_no_hit_out(
    db: asyncpg.Pool, minilm: Embedder, room: ConversationId
) -> None:
    query = "Was the train late?"
    alone = await _best(db, minilm, room, query, token_budget=300)
    beside = await _best(db, minilm, room, query, token_budget=300, neighbours=2)
    assert [hit.message.id for hit in beside] == [hit.message.id for hit in alone]
    assert all(near.content not in {MAIL, LOG, CODE} for hit in beside for near in hit.after)


async def test_of_a_capped_word_all_passages_of_a_candidate_are_read(
    db: asyncpg.Pool, room: ConversationId
) -> None:
    ((term, seq),) = await db.fetch(
        "select lexeme, seq from message_term group by lexeme, seq having count(*) > 2 limit 1"
    )
    (known,) = await read_postings(
        db, room, terms=[term], filters=EVERYTHING, messages=100, passages=100
    )
    cut = replace(only_in(np.array([seq]), known), capped=True)
    one = {name: getattr(cut, name)[:1] for name in COLUMNS}
    (complete,) = await read_complete(db, room, capped=[replace(cut, **one)], seqs=np.array([seq]))
    assert sorted(complete.passage.tolist()) == sorted(cut.passage.tolist())
    assert complete.frequency == known.frequency
