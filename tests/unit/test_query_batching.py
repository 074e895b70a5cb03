"""Concurrent queries share a batch, and equal ones are embedded once."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.embedders import Embeddings, EmbedKind
from retrieval.embedders.query_batching import BatchingEmbedder
from retrieval.errors import EmbeddingRejected, EmbeddingUnavailable
from tests.support.fakes import HashEmbedder


class SlowEmbedder(HashEmbedder):
    """Blocks until `let_go`; records the texts of each call."""

    def __init__(self) -> None:
        super().__init__(dimension=8)
        self.calls: list[list[str]] = []
        self.asked = asyncio.Event()
        self.let_go = asyncio.Event()

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        self.calls.append(list(texts))
        self.asked.set()
        await self.let_go.wait()
        if "bad" in texts:
            raise EmbeddingRejected("too long")
        if "down" in texts:
            raise EmbeddingUnavailable("no answer")
        return await super().embed(texts, kind=kind)


async def _ask(embedder: BatchingEmbedder, *texts: str) -> Embeddings:
    return await embedder.embed(texts, kind="query")


async def test_queries_of_one_tick_are_one_call() -> None:
    inner = SlowEmbedder()
    inner.let_go.set()
    embedder = BatchingEmbedder(inner)
    one, two = await asyncio.gather(_ask(embedder, "a"), _ask(embedder, "b", "c"))
    assert inner.calls == [["a", "b", "c"]]
    assert np.array_equal(np.concatenate([one, two]), await _ask(embedder, "a", "b", "c"))


async def test_queries_that_come_while_the_model_is_busy_are_the_next_call() -> None:
    inner = SlowEmbedder()
    embedder = BatchingEmbedder(inner)
    tasks = [asyncio.create_task(_ask(embedder, "first"))]
    await inner.asked.wait()
    tasks += [asyncio.create_task(_ask(embedder, text)) for text in ("a", "b", "a", "first")]
    await asyncio.sleep(0)
    inner.let_go.set()
    await asyncio.gather(*tasks)
    assert inner.calls == [["first"], ["a", "b"]]


async def test_a_known_query_is_not_embedded_again_however_it_is_spaced() -> None:
    inner = SlowEmbedder()
    inner.let_go.set()
    embedder = BatchingEmbedder(inner)
    first = await _ask(embedder, "where is my order")
    again = await _ask(embedder, "  where is\n my  order ")
    assert inner.calls == [["where is my order"]]
    assert np.array_equal(first, again)


async def test_case_makes_another_query() -> None:
    """Some models tell "US" from "us"."""
    inner = SlowEmbedder()
    inner.let_go.set()
    embedder = BatchingEmbedder(inner)
    await _ask(embedder, "US")
    await _ask(embedder, "us")
    assert inner.calls == [["US"], ["us"]]


class ReadingEmbedder(SlowEmbedder):
    """Tells what it sees: words in lower case."""

    def pieces(self, text: str) -> Sequence[int]:
        return [*text.lower().encode()]


async def test_texts_that_the_model_sees_alike_are_one_query() -> None:
    inner = ReadingEmbedder()
    embedder = BatchingEmbedder(inner)
    asked = [asyncio.create_task(_ask(embedder, text)) for text in ("Where?", "where?", "where")]
    await inner.asked.wait()
    running = asyncio.create_task(_ask(embedder, "WHERE?"))
    await asyncio.sleep(0)
    inner.let_go.set()
    rows = await asyncio.gather(*asked, running)
    cached = await _ask(embedder, "wHERE?")
    assert inner.calls == [["Where?", "where"]]
    assert all(np.array_equal(row, rows[0]) for row in (rows[1], rows[3], cached))


async def test_a_text_too_long_to_be_read_is_known_by_its_letters() -> None:
    inner = ReadingEmbedder()
    inner.let_go.set()
    embedder = BatchingEmbedder(inner)
    for text in ("a" * 501, "A" * 501, "a" * 501):
        await _ask(embedder, text)
    assert inner.calls == [["a" * 501], ["A" * 501]]


async def test_the_oldest_query_goes_first_with_those_that_need_little_padding() -> None:
    inner = ReadingEmbedder()
    embedder = BatchingEmbedder(inner)
    texts = ["a" * 30, "b" * 9, "c" * 33, "d" * 501, "e" * 8, "f" * 31, "g" * 502]
    first = asyncio.create_task(_ask(embedder, "first"))
    await inner.asked.wait()
    tasks = [asyncio.create_task(_ask(embedder, text)) for text in texts]
    await asyncio.sleep(0)
    inner.let_go.set()
    await asyncio.gather(first, *tasks)
    batches = [[text[0] for text in call] for call in inner.calls]
    assert batches == [["f"], ["a", "f", "c"], ["b", "e"], ["d", "g"]]


async def test_a_batch_is_answered_before_the_next_ends() -> None:
    calls = asyncio.Semaphore(1)

    class OneCall(ReadingEmbedder):
        async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
            await calls.acquire()
            return await super().embed(texts, kind=kind)

    inner = OneCall()
    inner.let_go.set()
    embedder = BatchingEmbedder(inner)
    tasks = [asyncio.create_task(_ask(embedder, f"query {n:02}")) for n in range(16)]
    await asyncio.gather(*tasks[:8])
    assert not any(task.done() for task in tasks[8:])
    calls.release()
    await asyncio.gather(*tasks)


async def test_a_query_that_nobody_waits_for_any_more_is_not_embedded() -> None:
    inner = SlowEmbedder()
    embedder = BatchingEmbedder(inner)
    first = asyncio.create_task(_ask(embedder, "first"))
    await inner.asked.wait()
    left = asyncio.create_task(_ask(embedder, "where is", "shared"))
    stays = asyncio.create_task(_ask(embedder, "shared", "where is my order"))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.wait([left])
    inner.let_go.set()
    await asyncio.gather(first, stays)
    assert inner.calls == [["first"], ["shared", "where is my order"]]
    assert (await _ask(embedder, "where is")).shape == (1, 8)


async def test_what_is_forgotten_while_it_is_embedded_is_not_kept() -> None:
    inner = SlowEmbedder()
    embedder = BatchingEmbedder(inner)
    asked = asyncio.create_task(_ask(embedder, "a"))
    await inner.asked.wait()
    embedder.forget()
    inner.let_go.set()
    await asked
    await _ask(embedder, "a")
    assert inner.calls == [["a"], ["a"]]


async def test_the_cache_evicts_the_least_recently_used_query() -> None:
    inner = SlowEmbedder()
    inner.let_go.set()
    embedder = BatchingEmbedder(inner, cache_entries=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        await _ask(embedder, text)
    assert inner.calls == [["a"], ["b"], ["c"], ["b"]]


async def test_documents_pass_through_uncached() -> None:
    inner = SlowEmbedder()
    inner.let_go.set()
    embedder = BatchingEmbedder(inner)
    for _ in range(2):
        await embedder.embed(["Ada:  two  spaces"], kind="document")
    assert inner.calls == [["Ada:  two  spaces"]] * 2


async def test_a_refused_query_fails_alone() -> None:
    inner = SlowEmbedder()
    inner.let_go.set()
    embedder = BatchingEmbedder(inner)
    good, bad, also_good = await asyncio.gather(
        _ask(embedder, "a"), _ask(embedder, "bad"), _ask(embedder, "b"), return_exceptions=True
    )
    assert isinstance(good, np.ndarray)
    assert isinstance(also_good, np.ndarray)
    assert isinstance(bad, EmbeddingRejected)


async def test_a_failure_is_not_cached() -> None:
    inner = SlowEmbedder()
    inner.let_go.set()
    embedder = BatchingEmbedder(inner)
    for _ in range(2):
        with pytest.raises(EmbeddingUnavailable):
            await _ask(embedder, "down")
    assert inner.calls == [["down"]] * 2


async def test_a_cancelled_caller_does_not_cancel_the_others() -> None:
    inner = SlowEmbedder()
    embedder = BatchingEmbedder(inner)
    impatient = asyncio.create_task(_ask(embedder, "a"))
    patient = asyncio.create_task(_ask(embedder, "a"))
    await inner.asked.wait()
    impatient.cancel()
    inner.let_go.set()
    assert (await patient).shape == (1, 8)
    assert impatient.cancelled()


async def test_closing_fails_unfinished_queries() -> None:
    inner = SlowEmbedder()
    embedder = BatchingEmbedder(inner)
    waiting = asyncio.create_task(_ask(embedder, "a"))
    await inner.asked.wait()
    await embedder.aclose()
    with pytest.raises(EmbeddingUnavailable):
        await waiting


async def test_no_texts_give_no_rows() -> None:
    embedder = BatchingEmbedder(HashEmbedder(dimension=8))
    assert (await _ask(embedder)).shape == (0, 8)
