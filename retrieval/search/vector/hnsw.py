"""The nearest embeddings along a frozen graph: an HNSW index of one conversation's older part."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retrieval.search.vector.cosines import Nearest, Preferred, Target, nearest_of

if TYPE_CHECKING:
    from retrieval.database.connection import Database

LOOKED_AT: Final = 400
"""Messages that a graph looks at for one question (hnsw.ef_search), and can give."""


@dataclass(frozen=True)
class InGraph:
    """What a graph proposes, and how much of it is of the preferred role."""

    nearest: Nearest
    of_the_role: int


# The cast must be the index's, to the letter, and a length cannot be a parameter. The other values
# are parameters: plans are made for their values, which is how the partial index is recognised.
NEAREST_IN_GRAPH: Final = """
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


def nearest_in_graph_sql(dimension: int) -> str:
    """The statement for embeddings of so many numbers."""
    return NEAREST_IN_GRAPH % {"dimension": dimension}


async def nearest_in_graph(
    db: "Database", target: Target, *, up_to: int, preferred: Preferred, limit: int
) -> InGraph:
    """Of the embeddings up to the seq `up_to`, without regard to who said them, or when.

    Those of a preferred role come with what brings them nearer. If at least `limit` are of it, the
    best by that are among them; else nearer ones of the role may be missing.
    """
    role = preferred.about.role if preferred.speaker_gain else None
    row = await db.fetchrow(
        nearest_in_graph_sql(len(target.vector)),
        *target.parameters(),
        up_to,
        LOOKED_AT if role else limit,
        role,
        preferred.speaker_gain,
    )
    assert row is not None  # noqa: S101 - an aggregate always has one row
    return InGraph(nearest_of(row), row["of_the_role"])
