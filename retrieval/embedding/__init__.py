"""Turns text into embeddings: one protocol, three runtimes, chosen by the settings."""

from retrieval.embedding.opening import open_embedder
from retrieval.embedding.protocol import Embedder, Embeddings, EmbedKind

__all__ = ["EmbedKind", "Embedder", "Embeddings", "open_embedder"]
