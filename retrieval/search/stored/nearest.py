"""The vector arm: the messages nearest to a query, by HNSW, binary codes or exact comparison."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from retrieval.ann.tiers import Tier
from retrieval.columns import Integers, array_text
from retrieval.search.source import Wanted
from retrieval.search.stored.binary_codes import nearest_by_code
from retrieval.search.stored.conditions import (
    filter_parameters,
    listed_bits,
    preferred_parameters,
    target_parameters,
    with_conditions,
)
from retrieval.search.stored.found import nearest_of
from retrieval.search.stored.hnsw import nearest_by_hnsw
from retrieval.search.vector.cosines import Nearest, Target, best_messages

if TYPE_CHECKING:
    from retrieval.database.connection import Database


async def nearest(db: "Database", target: Target, *, wanted: Wanted, tier: Tier) -> Integers:
    """Best first; by HNSW or codes up to `tier`, which cover all smoothed ones, then exactly."""
    end = 0
    parts: list[Nearest] = []
    if tier.graph_to > 0 and not wanted.filters.any and not wanted.preferred.date_gain:
        end = tier.graph_to
        parts = await _by_hnsw(db, target, wanted=wanted, up_to=end)
    elif tier.coded_to > 0:
        end = tier.coded_to
        parts = [await _by_code(db, target, wanted=wanted, up_to=end)]
    if wanted.last_seq is None or end < wanted.last_seq:
        parts.append(await nearest_exactly(db, target, after=end, wanted=wanted))
    return best_messages(parts, limit=wanted.limit)


async def _by_hnsw(db: "Database", target: Target, *, wanted: Wanted, up_to: int) -> list[Nearest]:
    preferred, limit = wanted.preferred, wanted.limit
    found = await nearest_by_hnsw(db, target, up_to=up_to, preferred=preferred, limit=limit)
    rest = _of_the_preferred(wanted, enough_of_the_role=found.of_the_role >= limit)
    by_code = [await _by_code(db, target, wanted=theirs, up_to=up_to) for theirs in rest]
    return [found.nearest, *by_code]


def _of_the_preferred(wanted: Wanted, *, enough_of_the_role: bool) -> Iterator[Wanted]:
    """HNSW ignores speakers: messages of the preferred one are compared again by their codes."""
    preferred = wanted.preferred
    if preferred.speaker_gain and preferred.about.people:
        yield replace(
            wanted, filters=replace(wanted.filters, participants=[*preferred.about.people])
        )
    if preferred.speaker_gain and preferred.about.role and not enough_of_the_role:
        yield replace(wanted, filters=replace(wanted.filters, roles=[preferred.about.role]))


async def _by_code(db: "Database", target: Target, *, wanted: Wanted, up_to: int) -> Nearest:
    return await nearest_by_code(
        db,
        target,
        up_to=up_to,
        preferred=wanted.preferred,
        filters=wanted.filters,
        limit=wanted.limit,
    )


NEAREST = with_conditions(
    """
select array_send(array_agg(seq)) as seq, array_send(array_agg(nearness)) as nearness
  from (
    (select seq, -(embedding <#> $3) + {preference} as nearness
       from message_embedding
      where conversation_id = $1 and model_id = $2 and smoothed = $15 and seq > $16
        and {allowed}
      order by nearness desc, seq desc
      limit $14)
    union all
    (select seq, -(embedding <#> $3) as nearness
       from message_embedding
      where $15 and conversation_id = $1 and model_id = $2 and smoothed = false
        and seq > greatest($16, (select coalesce(max(seq), 0) from message_embedding
                                  where conversation_id = $1 and model_id = $2 and smoothed = true))
        and {allowed}
      order by nearness desc, seq desc
      limit $14)) nearest
""",
    listed="$17",
)


async def nearest_exactly(db: "Database", target: Target, *, after: int, wanted: Wanted) -> Nearest:
    row = await db.fetchrow(
        NEAREST,
        *target_parameters(target),
        *filter_parameters(wanted.filters),
        *preferred_parameters(wanted.preferred),
        wanted.limit,
        wanted.smoothed,
        after,
        listed_bits(wanted.filters),
    )
    return nearest_of(row)


NEAREST_AMONG = with_conditions(
    """
select array_send(array_agg(seq)) as seq, array_send(array_agg(nearness)) as nearness
  from (select seq, -(embedding <#> $3) + {preference} as nearness
          from message_embedding
         where conversation_id = $1 and model_id = $2 and smoothed = true
           and seq = any((select $15::text::bigint[])::bigint[])
           and {allowed}
         order by nearness desc, seq desc
         limit $14) nearest
""",
    listed="$16",
)


async def nearest_among(
    db: "Database", target: Target, *, seqs: Integers, wanted: Wanted
) -> Nearest:
    """Of these messages, mixed with their neighbours."""
    row = await db.fetchrow(
        NEAREST_AMONG,
        *target_parameters(target),
        *filter_parameters(wanted.filters),
        *preferred_parameters(wanted.preferred),
        wanted.limit,
        array_text(seqs),
        listed_bits(wanted.filters),
    )
    return nearest_of(row)
