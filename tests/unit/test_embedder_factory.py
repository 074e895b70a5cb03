"""Opening refuses settings and files that would fail later."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from retrieval.embedders import open_embedder
from retrieval.embedders.packaged_model import PackagedFile, verified_path, verify
from retrieval.errors import ModelMismatch
from retrieval.settings import EmbeddingSettings


def test_importing_the_package_imports_no_runtime() -> None:
    script = (
        "import sys, retrieval.embedders, retrieval.embedders.query_batching;"
        "print([m for m in ('torch', 'onnxruntime', 'sentence_transformers') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"other weights")
    with pytest.raises(ModelMismatch, match=r"model\.onnx is not the agreed model.*sha256"):
        verify(path, sha256="0" * 64)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelMismatch, match="cannot be read"):
        verify(tmp_path / "model.onnx", sha256="0" * 64)


def test_a_missing_package_is_named() -> None:
    with pytest.raises(ModelMismatch, match="no-such-weights is not installed"):
        verified_path(PackagedFile(package="no_such_weights", path="model.onnx", sha256=""))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (EmbeddingSettings(provider="onnx", model="bge-small"), "only all-MiniLM-L6-v2"),
        (EmbeddingSettings(provider="onnx", dimension=768), "EMBEDDING_DIMENSION is 768"),
        (EmbeddingSettings(provider="openai", dimension=384), "EMBEDDING_BASE_URL"),
        (EmbeddingSettings(provider="openai", base_url="http://127.0.0.1:9/v1"), "EMBEDDING_DIM"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings: EmbeddingSettings, reason: str) -> None:
    with pytest.raises(ModelMismatch, match=reason):
        open_embedder(settings)


async def test_the_openai_provider_needs_no_network_to_open() -> None:
    embedder = open_embedder(
        EmbeddingSettings(
            provider="openai",
            base_url="http://127.0.0.1:9/v1",
            model="text-embedding-3-small",
            dimension=512,
            api_key=SecretStr("secret"),
        )
    )
    assert (embedder.name, embedder.dimension) == ("text-embedding-3-small", 512)
    await embedder.aclose()
