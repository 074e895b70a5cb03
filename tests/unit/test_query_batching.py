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
