"""The words of a room in memory, sorted from either end."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from typing import Final

from retrieval.search.lexical.misspelt import MOST_IN_RANGE, LookUp

BYTES_OF_A_WORD: Final = 140
"""About: its text and the reversed one, and their places in the lists."""


@dataclass(frozen=True, eq=False, repr=False)
class Vocabulary:
    """By code points, which is the order of PostgreSQL's collation "C"."""

    _words: Sequence[str]
    _reversed: Sequence[str]
    _since: Sequence[str] = ()
    _reversed_since: Sequence[str] = ()
    """Words that came later."""

    @classmethod
    def of(cls, words: Sequence[str], backwards: Sequence[str]) -> "Vocabulary":
        return cls(words, backwards)

    @property
    def nbytes(self) -> int:
        return BYTES_OF_A_WORD * (len(self._words) + len(self._since))

    def extended(self, words: Collection[str]) -> "Vocabulary":
        new = [word for word in words if not _has(self._words, word)]
        if not new:
            return self
        since = sorted({*self._since, *new})
        backwards = sorted(word[::-1] for word in since)
        return Vocabulary(self._words, self._reversed, since, backwards)

    def similar(self, look_up: LookUp) -> list[str]:
        """What the look-up allows; words that both ends allow are there twice."""
        heads = self._range(look_up, look_up.head, self._words, self._since)
        tails = self._range(look_up, look_up.tail, self._reversed, self._reversed_since)
        return [*heads, *(word[::-1] for word in tails)]

    def _range(self, look_up: LookUp, start: str, *lists: Sequence[str]) -> Iterator[str]:
        least = len(look_up.word) - look_up.edits
        most = len(look_up.word) + look_up.edits
        beginning = merge(*(_beginning_with(start, words) for words in lists))
        return islice((word for word in beginning if least <= len(word) <= most), MOST_IN_RANGE)


def _beginning_with(start: str, words: Sequence[str]) -> Sequence[str]:
    first = bisect_left(words, start)
    behind = bisect_right(words, start, lo=first, key=lambda word: word[: len(start)])
    return words[first:behind]


def _has(words: Sequence[str], word: str) -> bool:
    place = bisect_left(words, word)
    return place < len(words) and words[place] == word
