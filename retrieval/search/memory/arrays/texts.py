"""Texts one behind the other in one run of bytes, which the garbage collector need not look at."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.columns import Integers
from retrieval.search.memory.arrays.growing import Growing


@dataclass(frozen=True, eq=False, repr=False)
class Texts:
    """The first texts of a run, which never change; those behind them are others'."""

    _run: bytearray
    _ends: Growing[np.int64]

    @classmethod
    def empty(cls) -> "Texts":
        return cls(bytearray(), Growing.empty(np.int64))

    def __len__(self) -> int:
        return len(self._ends)

    def at(self, places: Integers) -> list[bytes]:
        ends = self._ends.values
        starts = np.where(places > 0, ends[places - 1], 0)
        spans = zip(starts.tolist(), ends[places].tolist(), strict=True)
        return [bytes(self._run[start:end]) for start, end in spans]

    @property
    def nbytes(self) -> int:
        return len(self._run) + self._ends.nbytes

    def extended(self, texts: Sequence[bytes]) -> "Texts":
        """Copies what it has only if somebody else's texts lie behind it."""
        if not texts:
            return self
        own = int(self._ends.values[-1]) if len(self) else 0
        run = self._run if len(self._run) == own else self._run[:own]
        run += b"".join(texts)
        ends = own + np.cumsum([len(text) for text in texts])
        return Texts(run, self._ends.extended(ends))
