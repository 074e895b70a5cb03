"""Whether this machine's inner products are the database's, to the last bit.

Both leave the order of their additions to a compiler and a processor. Where they differ, scores
from memory would differ from those of a search in the database, and rooms are not kept in memory.
"""

from typing import TYPE_CHECKING

import numpy as np
from pgvector import HalfVector

from retrieval import columns
from retrieval.search.memory.arrays.inner_products import Singles, of_columns, of_rows

if TYPE_CHECKING:
    from retrieval.database.connection import Database

PAIRS = 32

DISTANCES = """
select array_send(array_agg(embedding <#> $2 order by place)) as distances
  from unnest($1::halfvec[]) with ordinality as given (embedding, place)
"""


async def agrees(db: "Database", *, dimension: int) -> bool:
    """Of vectors of this length."""
    rows = _unit_vectors(dimension)
    given = [HalfVector(row) for row in rows]
    query = rows[0]
    packed = await db.fetchval(DISTANCES, given, given[0])
    wanted = -columns.floats(packed)
    ways = (
        of_rows(rows, query),
        of_columns(np.ascontiguousarray(rows.T), query),
        # Loops may be nested otherwise where there is one row.
        np.concatenate([of_rows(row[None], query) for row in rows]),
    )
    return all(np.array_equal(way, wanted) for way in ways)


def _unit_vectors(dimension: int) -> Singles:
    rows = np.random.default_rng(0).standard_normal((PAIRS, dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float32)
