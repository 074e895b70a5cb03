"""Query words that occur nowhere in the room find the room's words of nearest spelling.

An edit leaves the first or the last part of a word as it was, so that two ranges of the vocabulary
hold all words one edit away, and two wider ones most that are two away.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.search.lexical.postings import Postings
from retrieval.text.stems import stems
from retrieval.text.terms.asked import QueryTerm

MOST_IN_RANGE: Final = 1000
"""Words compared at either end: bounds the work in a room of many words."""
MOST_LOOKED_UP: Final = 8
MOST_SIMILAR: Final = 3
TWO_EDITS_FROM: Final = 7
"""Letters from which two edits are allowed."""
ENDS_OF_NAMES: Final = 2
WEIGHT: Final = {1: 0.7, 2: 0.5}


@dataclass(frozen=True)
class LookUp:
    """Allows words that begin with `head` or end with the letters of `tail`, which has them
    backwards: the first MOST_IN_RANGE of either kind, by code points from that end, among those
    whose length differs from the word's by at most `edits`.
    """

    word: str
    edits: int
    head: str
    tail: str


def look_ups(
    asked: Sequence[QueryTerm], postings: Iterable[Postings], *, meant: Collection[str] = ()
) -> list[LookUp]:
    """Of the terms that occur nowhere. Words of `meant` are no mistakes."""
    known = {one.term for one in postings if one.frequency > 0}
    unknown = {
        term.spelling
        for term in asked
        if term.spelling is not None
        and term.spelling not in meant
        and known.isdisjoint(term.weights)
    }
    names = {term.spelling for term in asked if term.name}
    return [
        LookUp(word, _allowed(word), word[:kept], word[::-1][:kept])
        for word in sorted(unknown)[:MOST_LOOKED_UP]
        for kept in sorted(_kept(word, is_name=word in names))
    ]


def with_similar_words(
    asked: Sequence[QueryTerm], found: Iterable[tuple[str, Sequence[str]]], *, language: str
) -> list[QueryTerm]:
    """`found`: words of the room, by the word looked up; the nearest of them are added to it."""
    similar = _nearest_words(found)
    return [
        replace(term, weights=term.weights | _weights(similar[term.spelling], language))
        if term.spelling in similar
        else term
        for term in asked
    ]


def _weights(similar: dict[str, int], language: str) -> dict[str, float]:
    return {
        stem: WEIGHT[edits] for word, edits in similar.items() for stem in stems(word, (language,))
    }


def _nearest_words(found: Iterable[tuple[str, Sequence[str]]]) -> dict[str, dict[str, int]]:
    """By word: the nearest of the room with their edits; words without any are missing."""
    near: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for word, similar in found:
        close = process.extract(
            word, similar, scorer=OSA.distance, score_cutoff=_allowed(word), limit=None
        )
        near[word] |= {other: int(edits) for other, edits, _ in close if edits > 0}
    return {word: _nearest(close) for word, close in near.items() if close}


def _nearest(found: dict[str, int]) -> dict[str, int]:
    least = min(found.values())
    nearest = sorted(word for word, edits in found.items() if edits == least)
    return dict.fromkeys(nearest[:MOST_SIMILAR], least)


def _allowed(word: str) -> int:
    return 2 if len(word) >= TWO_EDITS_FROM else 1


def _kept(word: str, *, is_name: bool) -> set[int]:
    """Letters of either end that one edit leaves, also one that swaps the two in the middle; and
    those that two edits leave unless they fall on both ends.

    Of long names also fewer, which two such edits leave: few queries pay for these wide ranges.
    """
    kept = {max(1, (len(word) - 1) // 2)}
    if _allowed(word) > 1:
        kept.add(len(word) // 3)
        if is_name:
            kept.add(ENDS_OF_NAMES)
    return kept
