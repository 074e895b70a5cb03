"""The nearest embeddings along a frozen graph: an HNSW index of one conversation's older part."""

from typing import TYPE_CHECKING, Final

from retrieval.search.nearness import Nearest, nearest_of
from retrieval.search.vectors import Target

if TYPE_CHECKING:
    from retrieval.database.connection import Database

# The cast must be the index's, to the letter, and a length cannot be a parameter. The other values
# are parameters: plans are made for their values, which is how the partial index is recognised.
NEAREST_IN_GRAPH: Final = """
select array_send(array_agg(seq)) as seq, array_send(array_agg(nearness)) as nearness
  from (select seq, -(embedding::halfvec(%(dimension)d) <#> $3) as nearness
          from message_embedding
         where conversation_id = $1 and model_id = $2 and smoothed = true and seq <= $4
         order by embedding::halfvec(%(dimension)d) <#> $3
         limit $5) nearest
"""


def nearest_in_graph_sql(dimension: int) -> str:
    """The statement for embeddings of so many numbers."""
    return NEAREST_IN_GRAPH % {"dimension": dimension}


async def nearest_in_graph(db: "Database", target: Target, *, up_to: int, limit: int) -> Nearest:
    """Of the embeddings up to the seq `up_to`, without regard to who said them, or when."""
    sql = nearest_in_graph_sql(len(target.vector))
    return nearest_of(await db.fetchrow(sql, *target.parameters(), up_to, limit))
