"""The protocol of all embedders."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

EmbedKind = Literal["query", "document"]
Embeddings = NDArray[np.float32]


class Embedder(Protocol):
    """Embedders of the same `name` are interchangeable."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        """Rows of unit length in the order of `texts`, shape (len(texts), dimension).

        `kind` matters to models trained with different prompts for queries and documents.
        Raises EmbeddingUnavailable, EmbeddingRejected or ModelMismatch.
        """
        ...

    async def aclose(self) -> None:
        """Afterwards embed() must not be called."""
        ...
