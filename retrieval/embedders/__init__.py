"""Turns text into embeddings: one protocol, three runtimes, chosen by the settings."""

from retrieval.embedders.opening import open_embedder
from retrieval.embedders.protocol import Embedder, Embeddings, EmbedKind

__all__ = ["EmbedKind", "Embedder", "Embeddings", "open_embedder"]
