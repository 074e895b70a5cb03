"""The packaged model tells what it sees of a query, so that what it sees alike is embedded once."""

import numpy as np
import pytest

from retrieval.embedders import Embedder
from retrieval.embedders.onnx import OnnxEmbedder

SAME = [
    ("Where is my Order?", "where is my order?"),
    ("Is the café open", "is the CAFE open"),
    ("what  about\tMünchen", "What about munchen"),
]
OTHER = [("where is my order", "where is my order?"), ("is it 12", "is it 13")]


@pytest.mark.parametrize(("one", "other"), SAME)
async def test_queries_of_equal_pieces_have_the_same_embedding(
    minilm: Embedder, one: str, other: str
) -> None:
    assert isinstance(minilm, OnnxEmbedder)
    assert minilm.pieces(one) == minilm.pieces(other)
    first, second = [await minilm.embed([text], kind="query") for text in (one, other)]
    assert np.array_equal(first, second)


@pytest.mark.parametrize(("one", "other"), OTHER)
async def test_others_have_other_pieces(minilm: Embedder, one: str, other: str) -> None:
    assert isinstance(minilm, OnnxEmbedder)
    assert minilm.pieces(one) != minilm.pieces(other)
