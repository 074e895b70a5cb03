"""Small real stand-ins that several kinds of tests share."""

import hashlib
import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

WORD = re.compile(r"\w+")


class HashEmbedder:
    """Embeds by hashing words: equal texts are equal, texts that share words are near."""

    def __init__(self, *, name: str = "hash", dimension: int = 64) -> None:
        self._name = name
        self._dimension = dimension
        self.texts_embedded: list[str] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def dimension(self) -> int:
        return self._dimension

    async def embed(
        self, texts: Sequence[str], *, kind: Literal["query", "document"]
    ) -> NDArray[np.float32]:
        self.texts_embedded.extend(texts)
        if not texts:
            return np.zeros((0, self._dimension), dtype=np.float32)
        return np.stack([self._one(text) for text in texts])

    async def aclose(self) -> None:
        return None

    def _one(self, text: str) -> NDArray[np.float32]:
        words = WORD.findall(text.lower()) or [""]
        total: NDArray[np.float64] = np.sum([self._direction(word) for word in words], axis=0)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)

    def _direction(self, word: str) -> NDArray[np.float64]:
        seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
        return np.random.default_rng(seed).standard_normal(self._dimension)
