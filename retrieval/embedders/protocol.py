"""What every embedder can do."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

EmbedKind = Literal["query", "document"]
Embeddings = NDArray[np.float32]


class Embedder(Protocol):
    """Makes embeddings of one model. Embedders of the same `name` may stand in for each other."""

    @property
    def name(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    async def embed(self, texts: Sequence[str], *, kind: EmbedKind) -> Embeddings:
        """Rows of unit length in the order of `texts`, shape (len(texts), dimension).

        `kind` matters to models that were trained with different prompts for the two.
        Raises EmbeddingUnavailable, EmbeddingRejected or ModelMismatch.
        """
        ...

    async def aclose(self) -> None:
        """Frees the model or the connections; embed() must not be called afterwards."""
        ...
