"""Text to embeddings: one protocol, three runtimes."""

from retrieval.embedders.factory import open_embedder
from retrieval.embedders.protocol import Embedder, Embeddings, EmbedKind

__all__ = ["EmbedKind", "Embedder", "Embeddings", "open_embedder"]
