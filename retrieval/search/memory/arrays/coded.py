"""The vectors of one kind of a large room: half as long, with codes to choose by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval.columns import Flags, Floats, Integers
from retrieval.search.memory.arrays.blocks import Blocks
from retrieval.search.memory.arrays.codes import Codes, Frame
from retrieval.search.memory.arrays.inner_products import Singles, of_rows

BLOCK: Final = 8192
"""Rows that lie together: more would be copied for too long, where two rooms grow from one."""


@dataclass(frozen=True)
class Coded:
    """Implements Matrix. To compare all takes long: `likely` says which are worth it."""

    codes: Codes
    _blocks: Blocks[np.float16]

    @classmethod
    def empty(cls, like: Singles) -> "Coded":
        """For rows like these."""
        return cls(Codes.empty(Frame.of(like)), Blocks(np.float16, BLOCK))

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + self._blocks.nbytes

    def likely(self, query: Singles, *, allowed: Flags | None, gains: Floats | None) -> Integers:
        """As Codes.likely."""
        return self.codes.likely(query, allowed=allowed, gains=gains)

    def products(self, query: Singles) -> Singles:
        return self._of_all(lambda rows: of_rows(rows, query))

    def about(self, query: Singles) -> Singles:
        return self._of_all(lambda rows: np.asarray(rows @ query, dtype=np.float32))

    def products_at(self, query: Singles, places: Integers) -> Singles:
        return of_rows(singles(self._blocks.at(places, width=len(query))), query)

    def extended(self, rows: Singles) -> "Coded":
        return Coded(self.codes.extended(rows), self._blocks.extended(rows))

    def _of_all(self, products: Callable[[Singles], Singles]) -> Singles:
        each = [products(singles(rows)) for rows in self._blocks]
        return np.concatenate([np.zeros(0, dtype=np.float32), *each])


def singles(halves: NDArray[np.float16]) -> Singles:
    """The same numbers; numpy's own way takes four times as long.

    Sign, exponent and fraction take their places in the longer number; its exponent counts from
    112 further down. Neither has infinities.
    """
    moved = halves.view(np.int16).astype(np.int32) << 13
    moved &= np.int32(-0x70000001)  # the sign was copied into the places of the longer exponent
    return moved.view(np.float32) * np.float32(2.0**112)
