"""The nearest embeddings, as a statement returns them."""

from typing import TYPE_CHECKING

from retrieval import columns
from retrieval.search.vector.cosines import Nearest

if TYPE_CHECKING:
    from retrieval.database.connection import Record


def nearest_of(row: "Record | None") -> Nearest:
    assert row is not None  # noqa: S101 - an aggregate always has one row
    return Nearest(columns.integers(row["seq"]), columns.floats(row["nearness"]))
