"""Messages by how near they are to a query, as the parts of a conversation propose them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from retrieval.search import packed
from retrieval.search.arrays import Floats, Integers

if TYPE_CHECKING:
    from retrieval.database.connection import Record


@dataclass(frozen=True)
class Nearest:
    """Aligned columns, an entry for each passage that was found."""

    seq: Integers
    nearness: Floats
    """The cosine, and what the query prefers."""


def nearest_of(row: "Record | None") -> Nearest:
    """What a statement gave in two packed columns."""
    assert row is not None  # noqa: S101 - an aggregate always has one row
    return Nearest(packed.integers(row["seq"]), packed.floats(row["nearness"]))


def best_messages(parts: Sequence[Nearest], *, limit: int) -> Integers:
    """The messages nearest in any part, best first, none of them twice."""
    seq = np.concatenate([part.seq for part in parts])
    order = np.argsort(-np.concatenate([part.nearness for part in parts]), kind="stable")
    _, first = np.unique(seq[order], return_index=True)
    return np.asarray(seq[order][np.sort(first)][:limit])
