"""Small numbers for names that are repeated in many rows."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

UNKNOWN: Final = -1


class Names:
    """Grows, and never changes what it said: it may be shared."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}
        self._names: list[str] = []

    def __getitem__(self, number: int) -> str:
        return self._names[number]

    @property
    def nbytes(self) -> int:
        """About."""
        return 200 * len(self._names)

    def add(self, names: Sequence[str]) -> NDArray[np.int32]:
        """The numbers of these names, which are new if they were unknown."""
        for name in dict.fromkeys(names):
            if name not in self._number:
                self._number[name] = len(self._names)
                self._names.append(name)
        return self.numbers(names)

    def numbers(self, names: Iterable[str]) -> NDArray[np.int32]:
        """UNKNOWN for names that never occurred."""
        return np.array([self._number.get(name, UNKNOWN) for name in names], dtype=np.int32)
