"""The lexical score: BM25 per passage (Robertson et al., 1994), tuned to short messages, 0 to 1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.columns import Flags, Floats, Integers, best_places
from retrieval.search.lexical.postings import Postings
from retrieval.text.exact_terms import EXACT_PREFIX
from retrieval.weights import BM25_B, BM25_K1

PASSAGE_BITS = 16


@dataclass(frozen=True)
class LexicalScores:
    """Each passage's gains by term; one with all terms gets at most 1.

    A message counts with its best passage: all its passages together match by mere length.
    """

    key: Integers
    """`seq << PASSAGE_BITS | passage`, ascending, of each passage that has a term."""
    score: Floats
    """Per entry of `key`."""
    seq: Integers
    """Of each message that has a term, ascending."""
    best_passage: Integers
    """Index into `key`, per entry of `seq`."""
    terms: int
    gain_term: Integers
    gain_place: Integers
    """Index into `key`, per gain."""
    gain: Floats

    def best(self, seq: Integers) -> Floats:
        """0 for a message without any term."""
        if len(self.seq) == 0:
            return np.zeros(len(seq))
        at = np.minimum(np.searchsorted(self.seq, seq), len(self.seq) - 1)
        return np.where(self.seq[at] == seq, self.score[self.best_passage[at]], 0.0)

    def top(self, count: int) -> Integers:
        """Messages, best first."""
        return self.seq[best_places(self.score[self.best_passage], count)]

    def passages(self, seq: int) -> dict[int, float]:
        """By passage; those without a term are missing."""
        first, last = np.searchsorted(self.key, [seq << PASSAGE_BITS, (seq + 1) << PASSAGE_BITS])
        passage = self.key[first:last] & ((1 << PASSAGE_BITS) - 1)
        return dict(zip(passage.tolist(), self.score[first:last].tolist(), strict=True))

    def by_term(self, seq: Integers) -> Floats:
        """Of each message's best passage: a row per term, a column per message."""
        matrix = np.zeros((self.terms, len(seq)))
        if len(self.seq) == 0:
            return matrix
        at = np.minimum(np.searchsorted(self.seq, seq), len(self.seq) - 1)
        column = np.flatnonzero(self.seq[at] == seq)
        column_of_place = np.full(len(self.key), -1)
        column_of_place[self.best_passage[at[column]]] = column
        gaining = column_of_place[self.gain_place]
        wanted = gaining >= 0
        matrix[self.gain_term[wanted], gaining[wanted]] = self.gain[wanted]
        return matrix


NO_WORDS = LexicalScores(
    key=np.zeros(0, dtype=np.int64),
    score=np.zeros(0),
    seq=np.zeros(0, dtype=np.int64),
    best_passage=np.zeros(0, dtype=np.int64),
    terms=0,
    gain_term=np.zeros(0, dtype=np.int64),
    gain_place=np.zeros(0, dtype=np.int64),
    gain=np.zeros(0),
)


def score(postings: Sequence[Postings], *, passages: int, lexemes: int) -> LexicalScores:
    """`passages` and `lexemes` count the whole conversation.

    Words that occur nowhere lower all scores, except other spellings of a code that does occur.
    """
    known = _without_unknown_spellings(postings)
    idf = [inverse_frequency(one.frequency, passages) for one in known]
    if not known or sum(idf) == 0:
        return NO_WORDS
    average = max(1.0, lexemes / max(1, passages))
    keys = np.concatenate([(one.seq << PASSAGE_BITS) + one.passage for one in known])
    gain = np.concatenate(
        [
            weight / sum(idf) * saturation(one.occurrences, one.passage_words, average)
            for one, weight in zip(known, idf, strict=True)
        ]
    )
    key, place = _distinct(keys)
    passage_score: Floats = np.bincount(place, weights=gain).astype(np.float64)
    seq, best_passage = _best_passages(key, passage_score)
    return LexicalScores(
        key=key,
        score=passage_score,
        seq=seq,
        best_passage=best_passage,
        terms=len(known),
        gain_term=np.repeat(np.arange(len(known)), [len(one.seq) for one in known]),
        gain_place=place,
        gain=gain,
    )


def _distinct(keys: Integers) -> tuple[Integers, Integers]:
    """Ascending, with each key's index; beats np.unique because each term's keys are sorted."""
    order = np.argsort(keys, kind="stable")
    ascending = keys[order]
    first = _starts(ascending)
    place = np.empty(len(keys), dtype=np.int64)
    place[order] = np.cumsum(first) - 1
    return ascending[first], place


def _best_passages(key: Integers, passage_score: Floats) -> tuple[Integers, Integers]:
    """The messages of the keys, and the index of the best passage of each, of equals the first."""
    seq = key >> PASSAGE_BITS
    starts = np.flatnonzero(_starts(seq))
    if len(starts) == len(seq):
        return seq, starts
    message = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(seq)))
    best = np.flatnonzero(passage_score == np.maximum.reduceat(passage_score, starts)[message])
    _, first = np.unique(message[best], return_index=True)
    return seq[starts], best[first]


def _starts(ascending: Integers) -> Flags:
    return np.concatenate(([True], ascending[1:] != ascending[:-1]))[: len(ascending)]


def inverse_frequency(frequency: float, total: int) -> float:
    return math.log(1 + max(0.0, total - frequency + 0.5) / (frequency + 0.5))


def saturation(occurrences: Integers, passage_words: Integers, average: float) -> Floats:
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
