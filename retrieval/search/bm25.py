"""The lexical score: BM25 per passage, on a scale that does not depend on the query.

After Robertson et al. (1994), with the parameters that suit short messages, divided by what a
passage with all of the query's terms without limit would get.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.search.arrays import Floats, Integers
from retrieval.search.postings import Postings
from retrieval.search.weights import BM25_B, BM25_K1
from retrieval.terms import EXACT_PREFIX

PASSAGE_BITS = 16


@dataclass(frozen=True)
class Words:
    """The score of every passage that has a term of the query, ascending by key."""

    key: Integers
    """seq and passage in one number."""
    score: Floats

    def best(self, seq: Integers) -> Floats:
        """The score of each message's best passage; 0 where no term occurs."""
        own, best = self._by_message()
        if len(own) == 0:
            return np.zeros(len(seq))
        at = np.minimum(np.searchsorted(own, seq), len(own) - 1)
        return np.where(own[at] == seq, best[at], 0.0)

    def top(self, count: int) -> Integers:
        """The messages with the best passages, best first."""
        own, best = self._by_message()
        return own[np.argsort(-best, kind="stable")[:count]]

    def passages(self, seq: int) -> dict[int, float]:
        """The score of each passage of one message that has a term of the query."""
        first, last = np.searchsorted(self.key, [seq << PASSAGE_BITS, (seq + 1) << PASSAGE_BITS])
        passage = self.key[first:last] & ((1 << PASSAGE_BITS) - 1)
        return dict(zip(passage.tolist(), self.score[first:last].tolist(), strict=True))

    def _by_message(self) -> tuple[Integers, Floats]:
        own, start = np.unique(self.key >> PASSAGE_BITS, return_index=True)
        if len(own) == 0:
            return own, np.zeros(0)
        return own, np.maximum.reduceat(self.score, start)


def score(postings: Sequence[Postings], *, passages: int, lexemes: int) -> Words:
    """BM25 in a conversation of so many passages with so many lexemes in all.

    Words that occur nowhere count against a passage, but not a spelling of an order number or the
    like of which another spelling occurs.
    """
    known = _without_unknown_spellings(postings)
    idf = [inverse_frequency(one.frequency, passages) for one in known]
    if not known or sum(idf) == 0:
        return Words(np.zeros(0, dtype=np.int64), np.zeros(0))
    average = max(1.0, lexemes / max(1, passages))
    keys = np.concatenate([(one.seq << PASSAGE_BITS) + one.passage for one in known])
    gains = [
        weight * saturation(one.occurrences, one.passage_words, average)
        for one, weight in zip(known, idf, strict=True)
    ]
    key, place = np.unique(keys, return_inverse=True)
    return Words(key, np.bincount(place, weights=np.concatenate(gains)) / sum(idf))


def inverse_frequency(frequency: float, total: int) -> float:
    """BM25's idf; never negative."""
    return math.log(1 + max(0.0, total - frequency + 0.5) / (frequency + 0.5))


def saturation(occurrences: Integers, passage_words: Integers, average: float) -> Floats:
    """How much the occurrences count, 0 to 1: each more adds less, and less in a long passage."""
    length = 1 - BM25_B + BM25_B * passage_words / average
    return np.asarray(occurrences / (occurrences + BM25_K1 * length), dtype=np.float64)


def _without_unknown_spellings(postings: Sequence[Postings]) -> list[Postings]:
    found = {one.term for one in postings if one.frequency > 0}
    return [
        one
        for one in postings
        if one.term in found
        or not (one.term.startswith(EXACT_PREFIX) or EXACT_PREFIX + one.term in found)
    ]
