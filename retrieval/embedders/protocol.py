"""The protocol of all embedders."""

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

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


@runtime_checkable
class ReadsPieces(Protocol):
    """An embedder that can tell what its model will see of a text, in far less time than it takes
    to embed it."""

    def pieces(self, text: str) -> Sequence[int]:
        """Of a query: where they are equal, so are the embeddings."""
        ...
