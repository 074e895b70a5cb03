"""The reference runtime: any sentence-transformers model from disk, on processor or GPU."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from retrieval.embedders.model_thread import ModelThread
from retrieval.embedders.packaged_model import MODEL_NAME, WEIGHTS, verified_path
from retrieval.embedders.protocol import Embeddings, EmbedKind
from retrieval.errors import ModelMismatch

GPU_SLICE_TEXTS = 256
GPU_SLICE_CHARS = 256_000


class SentenceTransformersEmbedder:
    """The packaged model by its name, or the model in a local folder; never the network.

    Sets the process's number of torch threads. Raises ModelMismatch for wrong or missing weights.
    """

    def __init__(
        self, *, model: str = MODEL_NAME, threads: int = 1, device: str | None = None
    ) -> None:
        folder = _model_folder(model)
        torch.set_num_threads(threads)
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # has no types
        self._name = folder.name if model != MODEL_NAME else MODEL_NAME
        self._model = _load(folder, device)
        self._dimension = _dimension(self._model, folder)
        self._thread = ModelThread(self._encode, dimension=self._dimension, **self._slices())

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        return self._dimension

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        return await self._thread.embed(texts, kind=kind)

    async def aclose(self) -> None:
        await self._thread.aclose()

    def _slices(self) -> dict[str, int]:
        """Large slices for a GPU; the defaults fit a processor's cache."""
        if self._model.device.type == "cpu":
            return {}
        return {"slice_texts": GPU_SLICE_TEXTS, "slice_chars": GPU_SLICE_CHARS}

    def _encode(self, texts: Sequence[str], kind: EmbedKind) -> Embeddings:
        encode = self._model.encode_query if kind == "query" else self._model.encode_document
        vectors = encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)


def _model_folder(model: str) -> Path:
    if model == MODEL_NAME:
        return verified_path(WEIGHTS).parent
    folder = Path(model).expanduser().resolve()
    if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
        raise ModelMismatch(
            f"{folder} holds no sentence-transformers model; models are never downloaded:"
            f" set EMBEDDING_MODEL to the folder of one, or to {MODEL_NAME}"
        )
    return folder


def _load(folder: Path, device: str | None) -> SentenceTransformer:
    try:
        return SentenceTransformer(str(folder), device=device, local_files_only=True)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelMismatch(f"the model in {folder} cannot be loaded: {error}") from error


def _dimension(model: SentenceTransformer, folder: Path) -> int:
    dimension = model.get_embedding_dimension()
    if dimension is None:
        raise ModelMismatch(f"the model in {folder} does not tell the length of its embeddings")
    return int(dimension)
