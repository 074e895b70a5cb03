"""The nearest embeddings by a frozen HNSW index of one conversation's older part."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retrieval.search.stored.conditions import target_parameters
from retrieval.search.stored.found import nearest_of
from retrieval.search.vector.cosines import Nearest, Preferred, Target

if TYPE_CHECKING:
    from retrieval.database.connection import Database

LOOKED_AT: Final = 400
"""Messages that a search of the index visits (hnsw.ef_search), and can return."""


@dataclass(frozen=True)
class HnswNearest:
    nearest: Nearest
    of_the_role: int
    """How many are of the preferred role."""


# The cast must be the index's to the letter, and a length cannot be a parameter. The other values
# can: plans are made for the values (force_custom_plan), which is how the partial index is found.
NEAREST_BY_HNSW: Final = """
select array_send(array_agg(seq)) as seq,
       array_send(array_agg(nearness + case when role = $6 then $7::float8 else 0 end))
           as nearness,
       count(*) filter (where role = $6) as of_the_role
  from (select seq, role, -(embedding::halfvec(%(dimension)d) <#> $3) as nearness
          from message_embedding
         where conversation_id = $1 and model_id = $2 and smoothed = true and seq <= $4
         order by embedding::halfvec(%(dimension)d) <#> $3
         limit $5) nearest
"""


def nearest_by_hnsw_sql(dimension: int) -> str:
    return NEAREST_BY_HNSW % {"dimension": dimension}


async def nearest_by_hnsw(
    db: "Database", target: Target, *, up_to: int, preferred: Preferred, limit: int
) -> HnswNearest:
    """Of the embeddings up to the seq `up_to`; no filters, and only a role is preferred.

    If fewer than `limit` are of the preferred role, others of that role may be missing.
    """
    role = preferred.about.role if preferred.speaker_gain else None
    row = await db.fetchrow(
        nearest_by_hnsw_sql(len(target.vector)),
        *target_parameters(target),
        up_to,
        LOOKED_AT if role else limit,
        role,
        preferred.speaker_gain,
    )
    assert row is not None  # noqa: S101 - an aggregate always has one row
    return HnswNearest(nearest_of(row), row["of_the_role"])
