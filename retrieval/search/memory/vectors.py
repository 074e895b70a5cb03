"""The vectors of a room in memory, of one kind."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from retrieval.columns import Flags, Floats, Integers
from retrieval.search.memory.arrays.coded import Coded
from retrieval.search.memory.arrays.growing import Growing
from retrieval.search.memory.arrays.inner_products import Singles, of_rows
from retrieval.search.memory.arrays.matrices import Matrix, matrix_of
from retrieval.search.memory.news import VectorRows


@dataclass(frozen=True, eq=False, repr=False)
class Vectors:
    """One for each passage, by ascending `seq` and `passage`.

    Those up to a mark are all that there are. Behind it some may be missing yet: the few that are
    known are told anew each time, and kept apart.
    """

    mark: int
    _seq: Growing[np.int64]
    _passage: Growing[np.int32]
    _matrix: Matrix | None
    """None without a vector."""
    newest: VectorRows
    """Behind the mark."""

    @classmethod
    def empty(cls, matrix: Matrix | None = None) -> "Vectors":
        """`matrix` is an empty one for large rooms."""
        nothing = np.zeros(0, dtype=np.int64)
        none = VectorRows(nothing, nothing, np.zeros((0, 0), dtype=np.float16))
        return cls(0, Growing.empty(np.int64), Growing.empty(np.int32), matrix, none)

    def __len__(self) -> int:
        return len(self._seq) + len(self.newest)

    @property
    def nbytes(self) -> int:
        matrix = self._matrix.nbytes if self._matrix else 0
        return self._seq.nbytes + self._passage.nbytes + matrix + self.newest.embedding.nbytes

    @cached_property
    def seq(self) -> Integers:
        return _joined(self._seq.values, self.newest.seq)

    @cached_property
    def passage(self) -> Integers:
        return _joined(self._passage.values, self.newest.passage)

    def extended(self, new: VectorRows, *, mark: int) -> "Vectors":
        """`new` has all that are stored behind the mark so far; there are none missing up to the
        one that takes its place."""
        known = int(np.searchsorted(new.seq, mark, side="right"))
        if known == 0:
            return replace(self, mark=mark, newest=new)
        rows = new.embedding[:known].astype(np.float32)
        return Vectors(
            mark,
            self._seq.extended(new.seq[:known]),
            self._passage.extended(new.passage[:known]),
            matrix_of(rows) if self._matrix is None else self._matrix.extended(rows),
            VectorRows(new.seq[known:], new.passage[known:], new.embedding[known:]),
        )

    def places(self, seqs: Integers) -> Integers:
        """Of the vectors of these messages; `seqs` ascending."""
        first = np.searchsorted(self.seq, seqs, side="left")
        counts = np.searchsorted(self.seq, seqs, side="right") - first
        before = np.cumsum(counts) - counts
        return np.repeat(first - before, counts) + np.arange(int(counts.sum()))

    def products(self, query: Singles) -> Singles:
        """The exact inner products with all."""
        if self._matrix is None:
            return self._newest_products(query)
        return _joined(self._matrix.products(query), self._newest_products(query))

    def about(self, query: Singles) -> Singles:
        """As `products`, up to ROUNDING."""
        if self._matrix is None:
            return self._newest_products(query)
        return _joined(self._matrix.about(query), self._newest_products(query))

    def likely(
        self, query: Singles, *, allowed: Flags | None, gains: Floats | None
    ) -> Integers | None:
        """Places where the nearest are; None if comparing with all is as cheap."""
        if not isinstance(self._matrix, Coded):
            return None
        coded = len(self._matrix)
        likely = self._matrix.likely(
            query,
            allowed=None if allowed is None else allowed[:coded],
            gains=None if gains is None else gains[:coded],
        )
        newest = np.arange(coded, len(self))
        if allowed is not None:
            newest = newest[allowed[newest]]
        return np.concatenate((likely, newest))

    def products_at(self, query: Singles, places: Integers) -> Singles:
        """The exact inner products with those at these places."""
        if self._matrix is None:
            return self._newest_products(query)[places]
        behind: Flags = places >= len(self._matrix)
        if not behind.any():
            return self._matrix.products_at(query, places)
        products = np.empty(len(places), dtype=np.float32)
        products[~behind] = self._matrix.products_at(query, places[~behind])
        products[behind] = self._newest_products(query)[places[behind] - len(self._matrix)]
        return products

    def _newest_products(self, query: Singles) -> Singles:
        if len(self.newest) == 0:
            return np.zeros(0, dtype=np.float32)
        return of_rows(self.newest.embedding.astype(np.float32), query)


def _joined(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first if len(second) == 0 else np.concatenate((first, second))
