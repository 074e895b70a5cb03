"""Embeddings of ONNX and sentence-transformers are interchangeable."""

from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from retrieval.embedders import Embedder, open_embedder
from retrieval.embedders.packaged_model import WEIGHTS, verified_path
from retrieval.errors import ModelMismatch
from retrieval.settings import EmbeddingSettings
from testbed.varied_texts import TEXTS

# Not `importorskip`: that imports torch for seconds wherever tests are collected.
pytestmark = [
    pytest.mark.skipif(
        find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed"
    ),
    pytest.mark.timeout(180),
]


@pytest.fixture
async def reference() -> AsyncIterator[Embedder]:
    embedder = open_embedder(EmbeddingSettings(provider="sentence-transformers"))
    yield embedder
    await embedder.aclose()


async def test_both_give_the_same_vectors_but_for_rounding(
    minilm: Embedder, reference: Embedder
) -> None:
    """8-bit weights change a vector by about a thousandth."""
    ours = await minilm.embed(TEXTS, kind="document")
    theirs = await reference.embed(TEXTS, kind="document")
    cosines = (ours * theirs).sum(axis=1)
    assert cosines.mean() >= 0.999
    assert cosines.min() >= 0.998


async def test_scores_stay_the_same_when_one_embeds_the_query_and_the_other_the_messages(
    minilm: Embedder, reference: Embedder
) -> None:
    queries = await minilm.embed(TEXTS, kind="query")
    same = await reference.embed(TEXTS, kind="query")
    documents = await reference.embed(TEXTS, kind="document")
    mixed, pure = queries @ documents.T, same @ documents.T
    assert np.abs(mixed - pure).max() < 0.03
    assert list(mixed.argmax(axis=1)) == list(range(len(TEXTS)))


async def test_rows_are_of_unit_length_and_say_so_in_name_and_dimension(
    minilm: Embedder, reference: Embedder
) -> None:
    for embedder in (minilm, reference):
        rows = await embedder.embed(TEXTS[:5], kind="query")
        assert (embedder.name, embedder.dimension) == ("all-MiniLM-L6-v2", 384)
        assert rows.dtype == np.float32
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


async def test_a_text_has_the_same_embedding_alone_and_in_any_batch(minilm: Embedder) -> None:
    """Otherwise an import and live messages would give different rows."""
    together = await minilm.embed(TEXTS, kind="document")
    alone = np.concatenate([await minilm.embed([text], kind="document") for text in TEXTS])
    assert np.allclose(together, alone, atol=1e-5)


async def test_only_the_first_256_word_pieces_count(minilm: Embedder) -> None:
    long = "word " * 254
    rows = await minilm.embed([long, long + "something else entirely"], kind="document")
    assert np.allclose(rows[0], rows[1], atol=1e-5)


async def test_the_reference_reads_a_model_from_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "house-model"
    folder.symlink_to(verified_path(WEIGHTS).parent)
    settings = EmbeddingSettings(provider="sentence-transformers", model=str(folder))
    embedder = open_embedder(settings)
    assert embedder.dimension == 384
    await embedder.aclose()


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    settings = EmbeddingSettings(provider="sentence-transformers", model=str(tmp_path))
    with pytest.raises(ModelMismatch, match="holds no sentence-transformers model"):
        open_embedder(settings)
