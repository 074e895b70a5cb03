"""pgvector's inner product of half vectors, repeated to the last bit.

It keeps eight running sums, to which it adds one block of eight products after another, joins these
sums in pairs, and adds the products behind the last whole block one by one. A product of two halves
is exact in single precision: whether it is rounded before it is added makes no difference.
"""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Singles: TypeAlias = NDArray[np.float32]
"""Numbers that half precision can hold, too."""

LANES: Final = 8


def halved(vector: Singles) -> Singles:
    """A query as the database is asked: rounded to half precision."""
    return vector.astype(np.float16).astype(np.float32)


def of_rows(rows: Singles, query: Singles) -> Singles:
    """Of each row with the query."""
    blocks = len(query) // LANES
    whole = blocks * LANES
    sums = np.einsum(
        "nbl,bl->nl",
        rows[:, :whole].reshape(len(rows), blocks, LANES),
        query[:whole].reshape(blocks, LANES),
    )
    return _joined(sums.T, rows.T[whole:], query[whole:])


def of_columns(columns: Singles, query: Singles) -> Singles:
    """Of each column with the query: a quarter of the time."""
    blocks = len(query) // LANES
    whole = blocks * LANES
    sums = np.einsum(
        "bln,bl->ln",
        columns[:whole].reshape(blocks, LANES, columns.shape[1]),
        query[:whole].reshape(blocks, LANES),
    )
    return _joined(sums, columns[whole:], query[whole:])


def _joined(sums: Singles, rest: Singles, query: Singles) -> Singles:
    product: Singles = ((sums[0] + sums[4]) + (sums[2] + sums[6])) + (
        (sums[1] + sums[5]) + (sums[3] + sums[7])
    )
    for numbers, factor in zip(rest, query, strict=True):
        product = product + numbers * factor
    return product
