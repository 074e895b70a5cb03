"""What tells whether a room in memory still says what the tables say, and up to where it knows."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from retrieval.embeddings.rows import VECTOR_TAIL

if TYPE_CHECKING:
    from retrieval.database.connection import Record

__all__ = ["VECTOR_TAIL", "VERSION_COLUMNS", "Kept", "Marks", "Version", "version_of"]


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
    server_started: datetime
    """A server that took over, or was restored, may lack what another one had."""


# Of `conversation c`, and `embedding_model m` if one is active.
VERSION_COLUMNS: Final = """
m.model_id, c.revision, c.vectors_version, c.text_version,
pg_postmaster_start_time() as server_started
"""


def version_of(row: "Record") -> Version | None:
    """From VERSION_COLUMNS; None without an active model."""
    if row["model_id"] is None:
        return None
    return Version(
        model_id=row["model_id"],
        revision=row["revision"],
        vectors_version=row["vectors_version"],
        text_version=row["text_version"],
        server_started=row["server_started"],
    )


@dataclass(frozen=True)
class Marks:
    """Everything up to these seqs is known; what lies beyond is read with the context."""

    messages: int
    postings: int
    alone: int
    """Vectors of passages alone: last_seq - VECTOR_TAIL at least, or further if none is missing."""
    in_context: int
    """As `alone`, of vectors with the neighbours mixed in."""


class Kept(Protocol):
    """A conversation in memory, as the statement asks about it."""

    @property
    def language(self) -> str: ...

    @property
    def version(self) -> Version: ...

    @property
    def marks(self) -> Marks: ...

    @property
    def message_count(self) -> int:
        """Up to the mark: with the new ones, as many as the conversation says it has."""
        ...
