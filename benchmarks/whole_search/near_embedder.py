"""Embeddings of more texts than there is time to embed."""

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from benchmarks.search_rooms import DIMENSION, RANK, Matrix, unit
from retrieval.embedders import Embedder, Embeddings, EmbedKind

REAL = 20_000
NOISE = 0.03
WITHIN = 0.12


class NearEmbedder:
    """The first REAL documents as `inner` has them; each other one's lies near one of those.

    Which one, and where, is drawn from the text, so that texts differ as the model's do: around
    what is spoken of in a room. Queries are always the model's.
    """

    def __init__(self, inner: Embedder, *, real: int = REAL) -> None:
        self._inner = inner
        self._real = real
        self._known: dict[str, Matrix] = {}
        ways = np.random.default_rng(7).standard_normal((RANK, DIMENSION)).astype(np.float32)
        self._ways = unit(ways)

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def dimension(self) -> int:
        return self._inner.dimension

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        if kind == "query":
            return await self._inner.embed(texts, kind=kind)
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        new = new[: self._real - len(self._known)]
        if new:
            rows = await self._inner.embed(new, kind=kind)
            self._known |= dict(zip(new, rows, strict=True))
        known = list(self._known.values())
        return np.stack([self._near(text, known) for text in texts])

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _near(self, text: str, known: Sequence[Matrix]) -> Matrix:
        if text in self._known:
            return self._known[text]
        random = np.random.default_rng(list(sha256(text.encode()).digest()))
        within = random.standard_normal(len(self._ways)).astype(np.float32) @ self._ways * WITHIN
        noise = random.standard_normal(self.dimension).astype(np.float32) * NOISE
        row = known[int(random.integers(len(known)))] + within + noise
        (near,) = unit(row[None])
        return np.asarray(near)
