"""What embeddings are compared with, and the resulting cosines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from retrieval.columns import Flags, Floats, Integers, best_places, distinct
from retrieval.search.query.people import About
from retrieval.wire import ConversationId


@dataclass(frozen=True)
class Nearest:
    """Aligned columns, one entry per passage found."""

    seq: Integers
    nearness: Floats
    """Cosine plus preference."""


def best_messages(parts: Sequence[Nearest], *, limit: int) -> Integers:
    """Each message once, in the order of its best passage in any part, of equals the newest."""
    seq = np.concatenate([part.seq for part in parts])
    order = np.lexsort((-seq, -np.concatenate([part.nearness for part in parts])))
    return np.array([*dict.fromkeys(seq[order].tolist())][:limit], dtype=np.int64)


UNKNOWN_COSINE = 0.15
"""Assumed for a message without an embedding that shares no word with the query."""
COSINE_BY_WORDS = 0.6
"""Added to it for a message that has all words of the query."""


@dataclass(frozen=True)
class Target:
    conversation_id: ConversationId
    model_id: int
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class Preferred:
    """Gains in cosines."""

    about: About
    speaker_gain: float
    spans: Sequence[tuple[datetime, datetime]]
    date_gain: float

    @property
    def any(self) -> bool:
        return bool(self.speaker_gain or self.date_gain)


@dataclass(frozen=True)
class Cosines:
    """Of passages, in no particular order."""

    seq: Integers
    passage: Integers
    smoothed: Flags
    cosine: Floats

    def of(self, seq: Integers) -> tuple[Floats, Floats]:
        """Of the best passage of each message of `seq`, alone and mixed with its neighbours; NaN
        without an embedding.
        """
        best = np.full((2, len(seq)), np.nan)
        if len(seq):
            order = seq.argsort(kind="stable")
            at = np.minimum(seq.searchsorted(self.seq, sorter=order), len(seq) - 1)
            place = order[at]
            known = np.flatnonzero(seq[place] == self.seq)
            smoothed, place = self.smoothed[known], place[known]
            np.fmax.at(best.reshape(-1), smoothed * len(seq) + place, self.cosine[known])
        alone, in_context = best
        return alone, in_context

    def joined(self, other: "Cosines") -> "Cosines":
        return Cosines(
            seq=np.concatenate((self.seq, other.seq)),
            passage=np.concatenate((self.passage, other.passage)),
            smoothed=np.concatenate((self.smoothed, other.smoothed)),
            cosine=np.concatenate((self.cosine, other.cosine)),
        )

    def nearest(self, count: int) -> Integers:
        """Messages of the `count` best passages, of equal ones the newest; ascending."""
        return distinct(self.seq[best_places(self.cosine, count, newest=self.seq)])

    def passages(self, seq: int) -> dict[int, float]:
        own = (self.seq == seq) & ~self.smoothed
        return dict(zip(self.passage[own].tolist(), self.cosine[own].tolist(), strict=True))


def expected_cosine(words: Floats) -> Floats:
    """From lexical scores: new messages that share words must not rank below those that do not."""
    return np.asarray(UNKNOWN_COSINE + COSINE_BY_WORDS * words)
