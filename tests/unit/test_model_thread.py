"""One model is shared fairly: queries overtake documents, documents come in slices."""

import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.embedders import Embeddings, EmbedKind
from retrieval.embedders.model_thread import SLICE_CHARS, SLICE_TEXTS, ModelThread


class Model:
    """Embeds each text as its length; the first call blocks until `let_go`."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.started = threading.Event()
        self.let_go = threading.Event()

    def encode(self, texts: Sequence[str], kind: EmbedKind) -> Embeddings:
        self.calls.append(list(texts))
        self.started.set()
        assert self.let_go.wait(timeout=10)
        return np.array([[len(text)] for text in texts], dtype=np.float32)


def _lengths(rows: Embeddings) -> list[float]:
    return [float(row[0]) for row in rows]


async def test_rows_come_back_in_the_order_of_the_texts() -> None:
    model = Model()
    model.let_go.set()
    thread = ModelThread(model.encode, dimension=1)
    texts = ["x" * length for length in (7, 1, SLICE_CHARS, 3, 900, 2, 800, 1)]
    assert _lengths(await thread.embed(texts, kind="document")) == [len(text) for text in texts]
    await thread.aclose()


async def test_documents_are_cut_into_slices_by_number_and_by_size() -> None:
    model = Model()
    model.let_go.set()
    thread = ModelThread(model.encode, dimension=1)
    await thread.embed(["x"] * (SLICE_TEXTS + 1) + ["y" * SLICE_CHARS] * 2, kind="document")
    assert [len(call) for call in model.calls] == [SLICE_TEXTS, 1, 1, 1]
    await thread.aclose()


async def test_a_query_waits_for_one_slice_of_documents_and_not_for_all() -> None:
    model = Model()
    thread = ModelThread(model.encode, dimension=1)
    documents = [
        asyncio.create_task(thread.embed([name] * SLICE_TEXTS * 2, kind="document"))
        for name in ("d", "e")
    ]
    await asyncio.to_thread(model.started.wait)
    query = asyncio.create_task(thread.embed(["q"], kind="query"))
    await asyncio.sleep(0)
    model.let_go.set()
    await asyncio.gather(query, *documents)
    assert [call[0] for call in model.calls] == ["d", "q", "e", "d", "e"]
    await thread.aclose()


async def test_a_cancelled_waiter_does_not_block_the_model() -> None:
    model = Model()
    thread = ModelThread(model.encode, dimension=1)
    first = asyncio.create_task(thread.embed(["a"], kind="query"))
    await asyncio.to_thread(model.started.wait)
    second = asyncio.create_task(thread.embed(["b"], kind="query"))
    third = asyncio.create_task(thread.embed(["c"], kind="query"))
    await asyncio.sleep(0)
    second.cancel()
    model.let_go.set()
    await asyncio.gather(first, third)
    assert model.calls == [["a"], ["c"]]
    await thread.aclose()


async def test_a_waiter_cancelled_when_granted_releases_the_model() -> None:
    model = Model()
    thread = ModelThread(model.encode, dimension=1)
    first = asyncio.create_task(thread.embed(["a"], kind="query"))
    await asyncio.to_thread(model.started.wait)
    second = asyncio.create_task(thread.embed(["b"], kind="query"))
    await asyncio.sleep(0)
    first.add_done_callback(lambda _: second.cancel())  # runs before `second` wakes with its turn
    model.let_go.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await second
    assert _lengths(await thread.embed(["ccc"], kind="query")) == [3]
    await thread.aclose()


async def test_an_error_of_the_model_reaches_the_caller_and_frees_the_model() -> None:
    def encode(texts: Sequence[str], kind: EmbedKind) -> Embeddings:
        if "bad" in texts:
            raise ValueError("bad")
        return np.zeros((len(texts), 1), dtype=np.float32)

    thread = ModelThread(encode, dimension=1)
    with pytest.raises(ValueError, match="bad"):
        await thread.embed(["bad"], kind="query")
    assert (await thread.embed(["good"], kind="query")).shape == (1, 1)
    await thread.aclose()
