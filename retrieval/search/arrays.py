"""The three kinds of number columns that the search computes with, and the best of one."""

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
