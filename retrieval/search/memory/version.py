"""What tells whether a room in memory still says what the tables say, and up to where it knows."""

from dataclasses import dataclass

from retrieval.embeddings.rows import VECTOR_TAIL

__all__ = ["VECTOR_TAIL", "Marks", "Version"]


@dataclass(frozen=True)
class Version:
    """While it is equal, what was read up to the marks is still stored as it was."""

    model_id: int
    """Of the active embedding model."""
    revision: int
    """Raised by each correction and erasure."""
    vectors_version: int
    """Raised where vectors go, and where they come later than VECTOR_TAIL messages."""
    text_version: int
    """Of the text layer that made the postings."""


@dataclass(frozen=True)
class Marks:
    """Everything up to these seqs is known; what lies beyond is read with the context."""

    messages: int
    postings: int
    alone: int
    """Vectors of passages alone: last_seq - VECTOR_TAIL at least, or further if none is missing."""
    in_context: int
    """As `alone`, of vectors with the neighbours mixed in."""
