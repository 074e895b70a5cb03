"""Number columns that cross the wire as one value: PostgreSQL's binary arrays read by numpy.

A record per row costs microseconds of Python; `array_send(array_agg(column))` costs none.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


def best_places(values: Floats, count: int) -> Integers:
    """The places of the highest values, best first, earlier places first where they are equal."""
    if count == 0 or len(values) <= count:
        return np.argsort(-values, kind="stable")[:count]
    least = np.partition(values, -count)[-count]
    candidates = np.flatnonzero(values >= least)
    return candidates[np.argsort(-values[candidates], kind="stable")[:count]]


_HEADER_BYTES = 20  # dimensions, null flag, element type, length, lower bound: 4 bytes each


def integers(packed: bytes | None) -> NDArray[np.int64]:
    """A packed bigint[] without nulls; nothing aggregated is nothing."""
    return _values(packed, ">i8").astype(np.int64)


def small_integers(packed: bytes | None) -> NDArray[np.int64]:
    """A packed integer[] without nulls."""
    return _values(packed, ">i4").astype(np.int64)


def floats(packed: bytes | None) -> NDArray[np.float64]:
    """A packed double precision[] without nulls."""
    return _values(packed, ">f8").astype(np.float64)


def _values(packed: bytes | None, kind: str) -> NDArray[np.void]:
    if not packed:
        return np.zeros(0, dtype=kind)
    element = np.dtype([("length", ">i4"), ("value", kind)])
    return np.frombuffer(packed, dtype=element, offset=_HEADER_BYTES)["value"]
