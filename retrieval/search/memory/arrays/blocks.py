"""Rows in blocks, so that no more than one of them is copied when two rooms grow from one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic

import numpy as np
from numpy.typing import NDArray

from retrieval.columns import Integers, distinct
from retrieval.search.memory.arrays.growing import Growing, Scalar


@dataclass(frozen=True, eq=False, repr=False)
class Blocks(Generic[Scalar]):
    kind: type[Scalar]
    size: int
    """Rows of a block."""
    _blocks: tuple[Growing[Scalar], ...] = ()
    """All but the last are full."""

    def __len__(self) -> int:
        return sum(len(block) for block in self._blocks)

    def __iter__(self) -> Iterator[NDArray[Scalar]]:
        return (block.values for block in self._blocks)

    @property
    def nbytes(self) -> int:
        return sum(block.nbytes for block in self._blocks)

    def at(self, places: Integers, *, width: int) -> NDArray[Scalar]:
        """The rows at these places."""
        rows = np.empty((len(places), width), dtype=self.kind)
        number = places // self.size
        for one in distinct(number).tolist():
            chosen = np.flatnonzero(number == one)
            rows[chosen] = self._blocks[one].values[places[chosen] - one * self.size]
        return rows

    def extended(self, rows: NDArray[Any]) -> "Blocks[Scalar]":
        blocks, taken = [*self._blocks], 0
        while taken < len(rows):
            if not blocks or len(blocks[-1]) == self.size:
                blocks.append(Growing.empty(self.kind, width=rows.shape[1], places=self.size))
            space = self.size - len(blocks[-1])
            blocks[-1] = blocks[-1].extended(rows[taken : taken + space])
            taken += space
        return Blocks(self.kind, self.size, tuple(blocks))
