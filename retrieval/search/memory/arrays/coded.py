"""The vectors of one kind of a large room: half as long, with codes to choose by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retrieval.columns import Flags, Floats, Integers
from retrieval.search.memory.arrays.codes import Codes, Frame
from retrieval.search.memory.arrays.growing import Growing
from retrieval.search.memory.arrays.inner_products import Singles, of_rows

BLOCK: Final = 8192
"""Rows that lie together: more would be copied for too long, where two rooms grow from one."""


@dataclass(frozen=True)
class Coded:
    """Implements Matrix. To compare all takes long: `likely` says which are worth it."""

    codes: Codes
    _blocks: tuple[Growing[np.float16], ...] = ()
    """All but the last are full."""

    @classmethod
    def empty(cls, like: Singles) -> "Coded":
        """For rows like these."""
        return cls(Codes.empty(Frame.of(like)))

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def nbytes(self) -> int:
        return self.codes.nbytes + sum(block.nbytes for block in self._blocks)

    def likely(self, query: Singles, *, allowed: Flags | None, gains: Floats | None) -> Integers:
        """As Codes.likely."""
        return self.codes.likely(query, allowed=allowed, gains=gains)

    def products(self, query: Singles) -> Singles:
        return self._of_all(lambda rows: of_rows(rows, query))

    def about(self, query: Singles) -> Singles:
        return self._of_all(lambda rows: np.asarray(rows @ query, dtype=np.float32))

    def products_at(self, query: Singles, places: Integers) -> Singles:
        rows = np.empty((len(places), len(query)), dtype=np.float16)
        number = places // BLOCK
        for one in np.unique(number).tolist():
            chosen = np.flatnonzero(number == one)
            rows[chosen] = self._blocks[one].values[places[chosen] - one * BLOCK]
        return of_rows(singles(rows), query)

    def extended(self, rows: Singles) -> "Coded":
        blocks, taken = [*self._blocks], 0
        while taken < len(rows):
            if not blocks or len(blocks[-1]) == BLOCK:
                blocks.append(Growing.empty(np.float16, width=rows.shape[1], places=BLOCK))
            space = BLOCK - len(blocks[-1])
            blocks[-1] = blocks[-1].extended(rows[taken : taken + space])
            taken += space
        return Coded(self.codes.extended(rows), tuple(blocks))

    def _of_all(self, products: Callable[[Singles], Singles]) -> Singles:
        each = [products(singles(block.values)) for block in self._blocks]
        return np.concatenate([np.zeros(0, dtype=np.float32), *each])


def singles(halves: NDArray[np.float16]) -> Singles:
    """The same numbers; numpy's own way takes four times as long.

    Sign, exponent and fraction take their places in the longer number; its exponent counts from
    112 further down. Neither has infinities.
    """
    moved = halves.view(np.int16).astype(np.int32) << 13
    moved &= np.int32(-0x70000001)  # the sign was copied into the places of the longer exponent
    return moved.view(np.float32) * np.float32(2.0**112)
