"""What embeddings are compared with, and the cosines of one conversation's messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from retrieval import columns
from retrieval.columns import Flags, Floats, Integers, best_places
from retrieval.search.query.people import About
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Record


@dataclass(frozen=True)
class Nearest:
    """Aligned columns, an entry for each passage that was found."""

    seq: Integers
    nearness: Floats
    """The cosine, and what the query prefers."""


def nearest_of(row: "Record | None") -> Nearest:
    """What a statement gave in two packed columns."""
    assert row is not None  # noqa: S101 - an aggregate always has one row
    return Nearest(columns.integers(row["seq"]), columns.floats(row["nearness"]))


def best_messages(parts: Sequence[Nearest], *, limit: int) -> Integers:
    """The messages nearest in any part, best first, none of them twice."""
    seq = np.concatenate([part.seq for part in parts])
    order = np.argsort(-np.concatenate([part.nearness for part in parts]), kind="stable")
    _, first = np.unique(seq[order], return_index=True)
    return np.asarray(seq[order][np.sort(first)][:limit])


UNKNOWN_COSINE = 0.15
"""Stands for a message that has no embedding yet and no word of the query."""
COSINE_BY_WORDS = 0.6
"""How much nearer a message is taken to be that shares all its words with the query."""


@dataclass(frozen=True)
class Target:
    """What is compared: a query's embedding with one model's embeddings in one conversation."""

    conversation_id: ConversationId
    model_id: int
    vector: NDArray[np.float32]

    def parameters(self) -> tuple[ConversationId, int, HalfVector]:
        """In the order in which the statements number them."""
        return self.conversation_id, self.model_id, HalfVector(self.vector)


@dataclass(frozen=True)
class Preferred:
    """What brings a message nearer to the query than its meaning alone, in cosines."""

    about: About
    speaker_gain: float
    spans: Sequence[tuple[datetime, datetime]]
    date_gain: float

    def parameters(
        self,
    ) -> tuple[float, list[str], str | None, float, list["asyncpg.Range[datetime]"]]:
        """In the order in which the statement numbers them."""
        spans = [asyncpg.Range(start, end) for start, end in self.spans]
        return self.speaker_gain, *self.about.parameters(), self.date_gain, spans


@dataclass(frozen=True)
class Cosines:
    """Cosines of passages with the query, in no particular order."""

    seq: Integers
    passage: Integers
    smoothed: Flags
    cosine: Floats

    def alone(self, seq: Integers) -> Floats:
        """Of each message alone, its best passage; NaN where it has no embedding yet.

        Here and below `seq` is ascending.
        """
        return self._best(~self.smoothed, seq)

    def in_context(self, seq: Integers) -> Floats:
        """Of each message mixed with its neighbours; NaN where that is not known yet."""
        return self._best(self.smoothed, seq)

    def joined(self, other: "Cosines") -> "Cosines":
        """Both; what is in both counts once."""
        return Cosines(
            seq=np.concatenate((self.seq, other.seq)),
            passage=np.concatenate((self.passage, other.passage)),
            smoothed=np.concatenate((self.smoothed, other.smoothed)),
            cosine=np.concatenate((self.cosine, other.cosine)),
        )

    def nearest(self, count: int) -> Integers:
        """The messages of the best passages."""
        return np.unique(self.seq[best_places(self.cosine, count)])

    def passages(self, seq: int) -> dict[int, float]:
        """Of each passage of one message."""
        own = (self.seq == seq) & ~self.smoothed
        return dict(zip(self.passage[own].tolist(), self.cosine[own].tolist(), strict=True))

    def _best(self, rows: Flags, seq: Integers) -> Floats:
        best = np.full(len(seq), np.nan)
        compared, cosine = self.seq[rows], self.cosine[rows]
        place = np.searchsorted(seq, compared)
        place[place == len(seq)] = 0
        known = seq[place] == compared if len(seq) else place < 0
        np.fmax.at(best, place[known], cosine[known])
        return best


def expected_cosine(words: Floats) -> Floats:
    """Stands for messages that have no embedding yet, by their lexical scores.

    A message can be found at once: until its embedding is there, sharing the query's words must
    not make it look further away than embedded messages that share none.
    """
    return np.asarray(UNKNOWN_COSINE + COSINE_BY_WORDS * words)


def cosines_of(row: "Record") -> Cosines:
    """What a statement gave in packed columns."""
    compared = columns.integers(row["compared"])
    return Cosines(
        seq=compared >> 17,
        passage=compared >> 1 & 0xFFFF,
        smoothed=(compared & 1) > 0,
        cosine=-columns.floats(row["distance"]),
    )
