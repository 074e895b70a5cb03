"""The lexical score: BM25 per passage (Robertson et al., 1994), tuned to short messages, 0 to 1."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from retrieval.columns import Flags, Floats, Integers, best_places, starts
from retrieval.search.lexical.passage_keys import PASSAGE_BITS, distinct_keys
from retrieval.search.lexical.postings import Postings
from retrieval.search.query.order import Order
from retrieval.text.terms.asked import QueryTerm
from retrieval.weights import BM25_B, BM25_K1

CLOSE_SHARE = 0.7
"""Of the best score: less does not say the same thing."""
RARE = 2
RARE_SHARE = 0.02
"""Passages of the conversation up to which a name is one that few messages are about."""


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
    exact: Flags
    """Per term: whether it is a code or a long number."""
    named: Flags
    """Per term: whether it is written as a name, and rare in the conversation."""
    asks_exactly: bool
    """Whether the query has such a term, said or not."""

    def of(self, seq: Integers) -> tuple[Floats, Floats]:
        """Of each message's best passage: the score, and the gains, a row per term; 0 without any
        term.
        """
        best, by_term = np.zeros(len(seq)), np.zeros((self.terms, len(seq)))
        if len(self.seq) == 0:
            return best, by_term
        at = np.minimum(self.seq.searchsorted(seq), len(self.seq) - 1)
        column = np.flatnonzero(self.seq[at] == seq)
        place = self.best_passage[at[column]]
        best[column] = self.score[place]
        column_of_place = np.full(len(self.key), -1)
        column_of_place[place] = column
        gaining = column_of_place[self.gain_place]
        wanted = np.flatnonzero(gaining >= 0)
        by_term[self.gain_term[wanted], gaining[wanted]] = self.gain[wanted]
        return best, by_term

    def top(self, count: int) -> Integers:
        """Messages, best first."""
        return self.seq[best_places(self.score[self.best_passage], count)]

    def by_arrival(self, count: int, order: Order) -> Integers:
        """The first or newest messages among those with scores close to the best."""
        score = self.score[self.best_passage]
        near: Integers = self.seq[score >= CLOSE_SHARE * score.max(initial=0.0)]
        return near[:count] if order == "oldest" else near[-count:]

    def passages(self, seq: int) -> dict[int, float]:
        """By passage; those without a term are missing."""
        first, last = np.searchsorted(self.key, [seq << PASSAGE_BITS, (seq + 1) << PASSAGE_BITS])
        passage = self.key[first:last] & ((1 << PASSAGE_BITS) - 1)
        return dict(zip(passage.tolist(), self.score[first:last].tolist(), strict=True))


NO_WORDS = LexicalScores(
    key=np.zeros(0, dtype=np.int64),
    score=np.zeros(0),
    seq=np.zeros(0, dtype=np.int64),
    best_passage=np.zeros(0, dtype=np.int64),
    terms=0,
    gain_term=np.zeros(0, dtype=np.int64),
    gain_place=np.zeros(0, dtype=np.int64),
    gain=np.zeros(0),
    exact=np.zeros(0, dtype=bool),
    named=np.zeros(0, dtype=bool),
    asks_exactly=False,
)


def score(
    asked: Sequence[QueryTerm], postings: Sequence[Postings], *, passages: int, lexemes: int
) -> LexicalScores:
    """`passages` and `lexemes` count the whole conversation.

    What occurs nowhere lowers all scores, except other spellings of a code or a pair of characters.
    """
    read = {one.term: one for one in postings}
    each = [_asked_for(term, read, passages) for term in asked]
    exact = [term.importance > 1 for term in asked]
    rare = max(RARE, RARE_SHARE * passages)
    counted = [one for one in each if one is not None]
    most = sum(one.most for one in counted)
    if most == 0:
        return replace(NO_WORDS, asks_exactly=any(exact))
    gains = _gains(counted, average=max(1.0, lexemes / max(1, passages)))
    gain = gains.gain / most
    key, place = distinct_keys(gains.key)
    passage_score: Floats = np.bincount(place, weights=gain).astype(np.float64)
    seq, best_passage = _best_passages(key, passage_score)
    return LexicalScores(
        key=key,
        score=passage_score,
        seq=seq,
        best_passage=best_passage,
        terms=len(counted),
        gain_term=gains.term,
        gain_place=place,
        gain=gain,
        exact=np.array([flag for flag, one in zip(exact, each, strict=True) if one is not None]),
        named=np.array(
            [
                term.name and one.frequency <= rare
                for term, one in zip(asked, each, strict=True)
                if one is not None
            ]
        ),
        asks_exactly=any(exact),
    )


@dataclass(frozen=True)
class _AskedFor:
    """One query term in the conversation."""

    spellings: Sequence[tuple[Postings, float]]
    """Those that occur, and the factor of what a passage gains by each."""
    most: float
    """What a passage could gain at most."""
    frequency: float
    """Of the rarest spelling in the conversation."""


def _asked_for(asked: QueryTerm, read: Mapping[str, Postings], passages: int) -> _AskedFor | None:
    found = [(read[term], weight) for term, weight in asked.weights.items() if term in read]
    known = [(one, weight) for one, weight in found if one.frequency > 0]
    if not known:
        if not asked.required or not found:
            return None
        return _AskedFor([], asked.importance * inverse_frequency(0.0, passages), 0.0)
    rarest = min(one.frequency for one, _ in known)
    return _AskedFor(
        [
            (one, asked.importance * weight * inverse_frequency(one.frequency, passages))
            for one, weight in known
        ],
        asked.importance * inverse_frequency(rarest, passages),
        rarest,
    )


class _Gains(NamedTuple):
    """Of each term in each passage that has it; ordered by term."""

    term: Integers
    key: Integers
    gain: Floats


def _gains(asked: Sequence[_AskedFor], *, average: float) -> _Gains:
    # All at once: a numpy call for each term costs more than its numbers do.
    spelled = [
        (number, one, factor) for number, term in enumerate(asked) for one, factor in term.spellings
    ]
    if not spelled:
        return _Gains(NO_WORDS.gain_term, NO_WORDS.key, NO_WORDS.gain)
    numbers, said, factors = zip(*spelled, strict=True)
    counts = [len(one.seq) for one in said]
    seq = np.concatenate([one.seq for one in said], dtype=np.int64)
    gains = _Gains(
        np.repeat(numbers, counts),
        (seq << PASSAGE_BITS) + np.concatenate([one.passage for one in said]),
        np.repeat(factors, counts)
        * saturation(
            np.concatenate([one.occurrences for one in said]),
            np.concatenate([one.passage_words for one in said]),
            average,
        ),
    )
    return _best_spellings(gains) if len(set(numbers)) < len(numbers) else gains


def _best_spellings(gains: _Gains) -> _Gains:
    """Of a term that a passage has in several spellings only the best."""
    order = np.lexsort((gains.key, gains.term))
    term, key, gain = gains.term[order], gains.key[order], gains.gain[order]
    first = np.flatnonzero(starts(term) | starts(key))
    best = np.maximum.reduceat(gain, first) if len(first) else gain
    return _Gains(term[first], key[first], best)


def _best_passages(key: Integers, passage_score: Floats) -> tuple[Integers, Integers]:
    """The messages of the keys, and the index of the best passage of each, of equals the first."""
    seq = key >> PASSAGE_BITS
    opens = np.flatnonzero(starts(seq))
    if len(opens) == len(seq):
        return seq, opens
    message = np.repeat(np.arange(len(opens)), np.diff(opens, append=len(seq)))
    best = np.flatnonzero(passage_score == np.maximum.reduceat(passage_score, opens)[message])
    return seq[opens], best[starts(message[best])]


def inverse_frequency(frequency: float, total: int) -> float:
    return math.log(1 + max(0.0, total - frequency + 0.5) / (frequency + 0.5))


def saturation(occurrences: Integers, passage_words: Integers, average: float) -> Floats:
    length = 1 - BM25_B + BM25_B * passage_words / average
    return np.asarray(occurrences / (occurrences + BM25_K1 * length), dtype=np.float64)
