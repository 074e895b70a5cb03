"""The packaged default model on ONNX Runtime: no torch, first embedding after half a second."""

from collections.abc import Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from retrieval.embedders.model_thread import ModelThread
from retrieval.embedders.packaged_model import (
    DIMENSION,
    MODEL_NAME,
    ONNX_WEIGHTS,
    TOKENIZER,
    verified_path,
)
from retrieval.embedders.protocol import Embeddings, EmbedKind
from retrieval.errors import ModelMismatch

MAX_WORD_PIECES = 256


class OnnxEmbedder:
    """all-MiniLM-L6-v2 with 8-bit weights; a text's embedding does not depend on its batch.

    Raises ModelMismatch on construction for any other `model` and for a wrong checksum.
    """

    def __init__(self, *, model: str = MODEL_NAME, threads: int = 1) -> None:
        if model != MODEL_NAME:
            raise ModelMismatch(
                f"the onnx provider has no model {model!r}, only {MODEL_NAME}; leave"
                " EMBEDDING_MODEL empty or set EMBEDDING_PROVIDER=sentence-transformers"
            )
        self._tokenizer = _open_tokenizer()
        self._session = _open_session(threads)
        # The session is thread-safe: with two threads a query never waits for documents.
        self._queries = ModelThread(self._encode, dimension=DIMENSION)
        self._documents = ModelThread(self._encode, dimension=DIMENSION)

    @property
    def name(self) -> str:
        return MODEL_NAME

    @property
    def dimension(self) -> int:
        return DIMENSION

    def pieces(self, text: str) -> Sequence[int]:
        ids: list[int] = self._tokenizer.encode(text).ids
        return ids

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        thread = self._queries if kind == "query" else self._documents
        return await thread.embed(texts, kind=kind)

    async def aclose(self) -> None:
        await self._queries.aclose()
        await self._documents.aclose()

    def _encode(self, texts: Sequence[str], kind: EmbedKind) -> Embeddings:
        pieces, mask = _padded(self._tokenizer.encode_batch(list(texts)))
        inputs = {
            "input_ids": pieces,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(pieces),
        }
        return _mean_pooled(self._session.run(None, inputs)[0], mask)


def _open_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(verified_path(TOKENIZER)))
    tokenizer.enable_truncation(MAX_WORD_PIECES)
    tokenizer.no_padding()  # the file pads every text to 128 word pieces
    return tokenizer


def _open_session(threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it never shrinks from the longest batch
    # Idle threads that spin would take the core that PostgreSQL needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        str(verified_path(ONNX_WEIGHTS)), options, providers=["CPUExecutionProvider"]
    )


def _padded(encodings: Sequence[Encoding]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    longest = max(len(encoding.ids) for encoding in encodings)
    pieces = np.zeros((len(encodings), longest), dtype=np.int64)
    mask = np.zeros_like(pieces)
    for row, encoding in enumerate(encodings):
        pieces[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    return pieces, mask


def _mean_pooled(states: NDArray[np.float32], mask: NDArray[np.int64]) -> Embeddings:
    """Mean over a text's word pieces, at least its two markers; unit length."""
    weights = mask[:, :, np.newaxis].astype(np.float32)
    means = (states * weights).sum(axis=1) / weights.sum(axis=1)
    unit: Embeddings = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit
