"""Where each term of a room in memory occurs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrieval.columns import Integers

BYTES_OF_A_TERM: Final = 160
"""About: its text, and its entry in the dictionary."""


class Occurrences(NamedTuple):
    """Of one term: aligned, an entry for each passage."""

    seq: Integers
    passage: Integers
    occurrences: Integers
    passage_words: Integers

    def then(self, later: "Occurrences") -> "Occurrences":
        if len(later.seq) == 0:
            return self
        return Occurrences(*map(np.concatenate, zip(self, later, strict=True)))

    def at(self, places: "Integers | slice") -> "Occurrences":
        return Occurrences(*(column[places] for column in self))


_NOTHING: Final = np.zeros(0, dtype=np.int64)
NOWHERE: Final = Occurrences(_NOTHING, _NOTHING, _NOTHING, _NOTHING)


@dataclass(frozen=True, eq=False, repr=False)
class PostingLists:
    """Of the messages up to a mark: what was read, and by term what came since then."""

    mark: int
    _number: Mapping[str, int]
    _starts: Integers
    """In the columns, of the term of each number, and the end of the last."""
    _seq: NDArray[np.int32]
    _passage: NDArray[np.int16]
    _occurrences: NDArray[np.int16]
    _passage_words: NDArray[np.int16]
    _since: Mapping[str, Occurrences]
    _bytes_since: int = 0

    @classmethod
    def of(
        cls, mark: int, terms: Mapping[str, int], starts: Integers, columns: Occurrences
    ) -> "PostingLists":
        """`terms` are numbered in the order of the columns, in which each has ascending seqs."""
        return cls(
            mark,
            terms,
            starts,
            columns.seq.astype(np.int32),
            columns.passage.astype(np.int16),
            columns.occurrences.astype(np.int16),
            columns.passage_words.astype(np.int16),
            {},
        )

    @property
    def nbytes(self) -> int:
        numbers = (self._seq, self._passage, self._occurrences, self._passage_words, self._starts)
        own = sum(one.nbytes for one in numbers) + BYTES_OF_A_TERM * len(self._number)
        return own + self._bytes_since

    def find(self, term: str, *, newest: int | None = None) -> Occurrences:
        """By ascending seq and passage; not all if only so many of the newest are wanted."""
        number = self._number.get(term)
        found = NOWHERE if number is None else self._read(number, newest)
        later = self._since.get(term)
        return found if later is None else found.then(later)

    def extended(self, new: Mapping[str, Occurrences], *, mark: int) -> "PostingLists":
        """With the postings of the messages between the marks."""
        since = dict(self._since)
        for term, occurrences in new.items():
            since[term] = since.get(term, NOWHERE).then(occurrences)
        added = sum(BYTES_OF_A_TERM + 4 * (96 + one.seq.nbytes) for one in new.values())
        return PostingLists(
            mark,
            self._number,
            self._starts,
            self._seq,
            self._passage,
            self._occurrences,
            self._passage_words,
            since,
            self._bytes_since + added,
        )

    def _read(self, number: int, newest: int | None) -> Occurrences:
        start, end = int(self._starts[number]), int(self._starts[number + 1])
        if newest is not None:
            start = max(start, end - newest)
        own = slice(start, end)
        return Occurrences(
            self._seq[own].astype(np.int64),
            self._passage[own].astype(np.int64),
            self._occurrences[own].astype(np.int64),
            self._passage_words[own].astype(np.int64),
        )
