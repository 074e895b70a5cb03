"""The nearest embeddings by binary code: a narrow scan of all codes, then exact rescoring."""

from typing import TYPE_CHECKING

from retrieval.ann.tiers import rescored
from retrieval.search.query.filters import Filters
from retrieval.search.stored.conditions import (
    filter_parameters,
    listed_bits,
    preferred_parameters,
    target_parameters,
    with_conditions,
)
from retrieval.search.stored.found import nearest_of
from retrieval.search.vector.cosines import Nearest, Preferred, Target

if TYPE_CHECKING:
    from retrieval.database.connection import Database

# The share of differing signs estimates the angle; among good matches the cosine falls by about 2.8
# per unit of it, hence the weight of the preference. Distance and seq are packed in one number, for
# it sorts faster than rows; equals come newest first. An array instead of a join: a join of
# thousands flips to reading all embeddings.
NEAREST_BY_CODE = with_conditions(
    """
select array_send(array_agg(seq)) as seq, array_send(array_agg(nearness)) as nearness
  from (select seq, -(embedding <#> $3) + {preference} as nearness
          from message_embedding
         where conversation_id = $1 and model_id = $2 and smoothed = true
           and seq = any(array(
               select -place & 1099511627775
                 from (select ((code <~> binary_quantize($3))
                               - {preference} * (vector_dims($3) / 2.8))::bigint * 1099511627776
                              - seq as place
                         from message_code
                        where conversation_id = $1 and model_id = $2 and seq <= $15
                          and {allowed}
                        order by place
                        limit $16) by_signs))
         order by nearness desc, seq desc
         limit $14) nearest
""",
    listed="$17",
)


async def nearest_by_code(
    db: "Database",
    target: Target,
    *,
    up_to: int,
    preferred: Preferred,
    filters: Filters,
    limit: int,
) -> Nearest:
    """Of the embeddings up to the seq `up_to`; exact if the filters allow few."""
    row = await db.fetchrow(
        NEAREST_BY_CODE,
        *target_parameters(target),
        *filter_parameters(filters),
        *preferred_parameters(preferred),
        limit,
        up_to,
        max(limit, rescored(up_to)),
        listed_bits(filters),
    )
    return nearest_of(row)
