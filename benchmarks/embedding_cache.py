"""Caches embeddings on disk between runs."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.embedders import Embedder, EmbedKind

FOLDER = Path(__file__).resolve().parent.parent / ".cache" / "embeddings"
BATCH = 64


class CachedEmbedder:
    """All compared systems get identical vectors for the same text."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._path = FOLDER / f"{inner.name.replace('/', '_')}.npz"
        self._known: dict[tuple[str, str], NDArray[np.float32]] = {}
        if self._path.exists():
            with np.load(self._path) as stored:
                keys = [(kind, text) for kind, text in json.loads(str(stored["keys"]))]
                self._known = dict(zip(keys, stored["rows"], strict=True))
        self._stored = len(self._known)

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if (kind, text) not in self._known]
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            rows = await self._inner.embed(batch, kind=kind)
            self._known |= {(kind, text): row for text, row in zip(batch, rows, strict=True)}
        return np.stack([self._known[kind, text] for text in texts])

    async def aclose(self) -> None:
        await self._inner.aclose()
        if len(self._known) == self._stored:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._path.with_suffix(".unfinished.npz")
        np.savez(
            unfinished,
            keys=json.dumps(list(self._known)),
            rows=np.stack(list(self._known.values())),
        )
        unfinished.rename(self._path)
