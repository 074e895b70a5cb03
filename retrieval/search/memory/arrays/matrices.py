"""Vectors of one kind, in the layout that suits their number."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from retrieval.columns import Integers
from retrieval.search.memory.arrays.blocks import Blocks
from retrieval.search.memory.arrays.growing import Growing
from retrieval.search.memory.arrays.inner_products import Singles, of_columns, of_rows

FEW: Final = 1280
"""Vectors up to which they stand side by side: small rooms compare all of them exactly."""
BLOCK: Final = 1024
"""Rows that lie together: more would be copied for too long when the matrix grows."""
ROUNDING: Final = 1e-5
"""By more than that no sum of products of two unit vectors depends on the order of additions."""


class Matrix(Protocol):
    """A vector at each place."""

    def __len__(self) -> int: ...

    @property
    def nbytes(self) -> int: ...

    def products(self, query: Singles) -> Singles:
        """The exact inner products."""
        ...

    def products_at(self, query: Singles, places: Integers) -> Singles:
        """Of the vectors at these places."""
        ...

    def about(self, query: Singles) -> Singles:
        """The inner products up to ROUNDING: in a large matrix a fraction of the work."""
        ...

    def extended(self, rows: Singles) -> "Matrix": ...


def matrix_of(rows: Singles) -> Matrix:
    few = Few(Growing.empty(np.float32, width=rows.shape[1], order="F"))
    return few.extended(rows)


@dataclass(frozen=True, eq=False, repr=False)
class Few:
    """Numbers of the same place in each vector lie together."""

    _rows: Growing[np.float32]

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def nbytes(self) -> int:
        return self._rows.nbytes

    def products(self, query: Singles) -> Singles:
        return of_columns(self._rows.values.T, query)

    def products_at(self, query: Singles, places: Integers) -> Singles:
        return self.products(query)[places]

    def about(self, query: Singles) -> Singles:
        return self.products(query)

    def extended(self, rows: Singles) -> Matrix:
        if len(self) + len(rows) <= FEW:
            return Few(self._rows.extended(rows))
        return Many(Blocks(np.float32, BLOCK).extended(self._rows.values).extended(rows))


@dataclass(frozen=True, eq=False, repr=False)
class Many:
    """Whole vectors lie together."""

    _blocks: Blocks[np.float32]

    def __len__(self) -> int:
        return len(self._blocks)

    @property
    def nbytes(self) -> int:
        return self._blocks.nbytes

    def products(self, query: Singles) -> Singles:
        return np.concatenate([of_rows(rows, query) for rows in self._blocks])

    def products_at(self, query: Singles, places: Integers) -> Singles:
        return of_rows(self._blocks.at(places, width=len(query)), query)

    def about(self, query: Singles) -> Singles:
        return np.concatenate([rows @ query for rows in self._blocks])

    def extended(self, rows: Singles) -> Matrix:
        return Many(self._blocks.extended(rows))
