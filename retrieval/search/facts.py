"""What is stored about messages, apart from words and vectors, that their score needs."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.search import packed
from retrieval.search.arrays import Flags, Floats, Integers
from retrieval.search.filters import Filters
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.connection import Database, Record


@dataclass(frozen=True)
class Facts:
    """Aligned columns in reading order."""

    seq: Integers
    spoken_at: Floats
    """Seconds since 1970."""
    speaker: Integers
    """Equal numbers mean equal participants."""
    traits: Integers
    asked: Flags
    """Whether the participant is one whom the query is about."""
    allowed: Flags
    """Whether the request's filters let the message be a hit."""


FACTS_OF_ALL = """
select array_send(array_agg(seq order by seq)) as seq,
       array_send(array_agg(extract(epoch from created_at)::float8 order by seq)) as spoken_at,
       array_send(array_agg(hashtext(participant) order by seq)) as speaker,
       array_send(array_agg(traits::integer order by seq)) as traits,
       array_send(array_agg((participant = any($2))::integer order by seq)) as asked,
       array_send(array_agg((
           ($3::timestamptz is null or created_at >= $3)
           and ($4::timestamptz is null or created_at < $4)
           and ($5::text[] is null or participant = any($5))
           and ($6::text[] is null or role = any($6))
           and seq <> all($7::bigint[]))::integer order by seq)) as allowed
  from message
 where conversation_id = $1
"""


async def facts_of_all(
    db: "Database",
    *,
    conversation_id: ConversationId,
    asked: Collection[str],
    filters: Filters,
) -> Facts:
    """Of every message of a small conversation."""
    row = await db.fetchrow(FACTS_OF_ALL, conversation_id, [*asked], *filters.parameters())
    return _facts(row)


FACTS = """
select array_send(array_agg(seq order by seq)) as seq,
       array_send(array_agg(extract(epoch from created_at)::float8 order by seq)) as spoken_at,
       array_send(array_agg(hashtext(participant) order by seq)) as speaker,
       array_send(array_agg(traits::integer order by seq)) as traits,
       array_send(array_agg((participant = any($2))::integer order by seq)) as asked,
       array_send(array_agg((
           ($3::timestamptz is null or created_at >= $3)
           and ($4::timestamptz is null or created_at < $4)
           and ($5::text[] is null or participant = any($5))
           and ($6::text[] is null or role = any($6))
           and seq <> all($7::bigint[]))::integer order by seq)) as allowed
  from message
 where conversation_id = $1 and seq = any($8)
"""


async def facts_of(
    db: "Database",
    *,
    conversation_id: ConversationId,
    asked: Collection[str],
    filters: Filters,
    seqs: Integers,
) -> Facts:
    """Of the messages `seqs`; those that are gone by now are left out."""
    row = await db.fetchrow(FACTS, conversation_id, [*asked], *filters.parameters(), seqs.tolist())
    return _facts(row)


def _facts(row: "Record | None") -> Facts:
    assert row is not None  # noqa: S101 - an aggregate always has one row
    return Facts(
        seq=packed.integers(row["seq"]),
        spoken_at=packed.floats(row["spoken_at"]),
        speaker=packed.small_integers(row["speaker"]),
        traits=packed.small_integers(row["traits"]),
        asked=packed.small_integers(row["asked"]) > 0,
        allowed=packed.small_integers(row["allowed"]) > 0,
    )
