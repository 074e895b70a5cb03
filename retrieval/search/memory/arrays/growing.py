"""Arrays that grow, and share what they have with shorter ones."""

from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

FEWEST: Final = 16
"""Places of the first buffer, unless more are asked for."""


class _Buffer(Generic[Scalar]):
    def __init__(self, values: NDArray[Scalar], used: int) -> None:
        self.values = values
        self.used = used


@dataclass(frozen=True, eq=False, repr=False)
class Growing(Generic[Scalar]):
    """The first entries of a buffer, which never change; those behind them are others'."""

    _buffer: _Buffer[Scalar]
    _count: int

    @classmethod
    def empty(
        cls,
        kind: type[Scalar],
        *,
        width: int | None = None,
        order: Literal["C", "F"] = "C",
        places: int = FEWEST,
    ) -> "Growing[Scalar]":
        """With a width each entry is a row; in order F, numbers of one column lie together."""
        shape = (places,) if width is None else (places, width)
        return cls(_Buffer(np.empty(shape, dtype=kind, order=order), 0), 0)

    def __len__(self) -> int:
        return self._count

    @property
    def values(self) -> NDArray[Scalar]:
        """Read-only."""
        values = self._buffer.values[: self._count]
        values.flags.writeable = False
        return values

    @property
    def nbytes(self) -> int:
        """Of the buffer."""
        return self._buffer.values.nbytes

    def extended(self, values: NDArray[Any]) -> "Growing[Scalar]":
        """Copies what it has only if there is no room behind it, or somebody else's entries."""
        if len(values) == 0:
            return self
        count = self._count + len(values)
        buffer = self._buffer
        if buffer.used > self._count or count > len(buffer.values):
            buffer = self._larger(count)
        buffer.values[self._count : count] = values
        buffer.used = count
        return Growing(buffer, count)

    def _larger(self, count: int) -> _Buffer[Scalar]:
        old = self._buffer.values
        places = max(count, len(old) if count <= len(old) else 2 * len(old))
        order: Literal["C", "F"] = "C" if old.flags.c_contiguous else "F"
        values = np.empty((places, *old.shape[1:]), dtype=old.dtype, order=order)
        values[: self._count] = old[: self._count]
        return _Buffer(values, self._count)
