"""The vector arm: exact comparison with one conversation's embeddings by index-only scans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import numpy as np
from numpy.typing import NDArray
from pgvector import HalfVector

from retrieval.search import packed
from retrieval.search.arrays import Flags, Floats, Integers
from retrieval.search.filters import Filters
from retrieval.search.people import About
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.connection import Database, Record

UNKNOWN_COSINE = 0.15
"""Stands for a message that has no embedding yet: neither near nor far."""


@dataclass(frozen=True)
class Target:
    """What is compared: a query's embedding with one model's embeddings in one conversation."""

    conversation_id: ConversationId
    model_id: int
    vector: NDArray[np.float32]

    def parameters(self) -> tuple[ConversationId, int, HalfVector]:
        """In the order in which the statements number them."""
        return self.conversation_id, self.model_id, HalfVector(self.vector)


@dataclass(frozen=True)
class Preferred:
    """What brings a message nearer to the query than its meaning alone, in cosines."""

    about: About
    speaker_gain: float
    spans: Sequence[tuple[datetime, datetime]]
    date_gain: float

    def parameters(
        self,
    ) -> tuple[float, list[str], str | None, float, list["asyncpg.Range[datetime]"]]:
        """In the order in which the statement numbers them."""
        spans = [asyncpg.Range(start, end) for start, end in self.spans]
        return self.speaker_gain, *self.about.parameters(), self.date_gain, spans


@dataclass(frozen=True)
class Cosines:
    """Cosines of passages with the query, in no particular order."""

    seq: Integers
    passage: Integers
    smoothed: Flags
    cosine: Floats

    def alone(self, seq: Integers) -> Floats:
        """Of each message alone, its best passage; NaN where it has no embedding yet."""
        return self._best(~self.smoothed, seq)

    def in_context(self, seq: Integers) -> Floats:
        """Of each message mixed with its neighbours; NaN where that is not known yet."""
        return self._best(self.smoothed, seq)

    def joined(self, other: "Cosines") -> "Cosines":
        """Both; what is in both counts once."""
        return Cosines(
            seq=np.concatenate((self.seq, other.seq)),
            passage=np.concatenate((self.passage, other.passage)),
            smoothed=np.concatenate((self.smoothed, other.smoothed)),
            cosine=np.concatenate((self.cosine, other.cosine)),
        )

    def nearest(self, count: int) -> Integers:
        """The messages of the best passages."""
        return np.unique(self.seq[np.argsort(-self.cosine, kind="stable")[:count]])

    def passages(self, seq: int) -> dict[int, float]:
        """Of each passage of one message."""
        own = (self.seq == seq) & ~self.smoothed
        return dict(zip(self.passage[own].tolist(), self.cosine[own].tolist(), strict=True))

    def _best(self, rows: Flags, seq: Integers) -> Floats:
        best = np.full(len(seq), np.nan)
        known = np.isin(self.seq, seq) & rows
        if known.any():
            order = np.argsort(seq)
            place = order[np.searchsorted(seq, self.seq[known], sorter=order)]
            np.fmax.at(best, place, self.cosine[known])
        return best


NO_COSINES = Cosines(
    np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=bool), np.zeros(0)
)


NEAREST = """
select array_send(array_agg(seq)) as seq,
       array_send(array_agg(passage::integer)) as passage,
       array_send(array_agg(smoothed::integer)) as smoothed,
       array_send(array_agg(distance)) as distance
  from (
    (select seq, passage, smoothed, embedding <#> $3 as distance
       from message_embedding
      where conversation_id = $1 and model_id = $2 and smoothed = $9
        and ($4::timestamptz is null or created_at >= $4)
        and ($5::timestamptz is null or created_at < $5)
        and ($6::text[] is null or participant = any($6))
        and ($7::text[] is null or role = any($7))
        and ($8::bigint[] = '{}' or seq <> all($8))
      order by (embedding <#> $3)
             - case when $11::float8 = 0 then 0
                    when participant = any($12::text[]) or role = $13 then $11::float8
                    when role = 'assistant' and cardinality($12::text[]) > 0 then -$11::float8
                    else 0 end
             - case when $14::float8 = 0 then 0
                    when $15::tstzmultirange @> created_at then $14::float8
                    else 0 end
      limit $10)
    union all
    (select seq, passage, smoothed, embedding <#> $3 as distance
       from message_embedding
      where conversation_id = $1 and model_id = $2 and smoothed = false
        and seq > (select coalesce(max(seq), 0) from message_embedding
                    where conversation_id = $1 and model_id = $2 and smoothed = true)
        and ($4::timestamptz is null or created_at >= $4)
        and ($5::timestamptz is null or created_at < $5)
        and ($6::text[] is null or participant = any($6))
        and ($7::text[] is null or role = any($7))
        and ($8::bigint[] = '{}' or seq <> all($8))
      order by embedding <#> $3
      limit $10)) nearest
"""


async def nearest(
    db: "Database",
    target: Target,
    *,
    preferred: Preferred,
    filters: Filters,
    smoothed: bool,
    limit: int,
) -> Cosines:
    """The passages nearest to the query: exact, every embedding is compared.

    `smoothed` false compares with messages alone, which are all there while a backfill runs; true
    with messages in context, and alone after the last that has one.
    """
    row = await db.fetchrow(
        NEAREST,
        *target.parameters(),
        *filters.parameters(),
        smoothed,
        limit,
        *preferred.parameters(),
    )
    return _cosines(row)


COSINES_OF_ALL = """
select array_send(array_agg(seq)) as seq,
       array_send(array_agg(passage::integer)) as passage,
       array_send(array_agg(smoothed::integer)) as smoothed,
       array_send(array_agg(embedding <#> $3)) as distance
  from message_embedding
 where conversation_id = $1 and model_id = $2
"""


async def cosines_of_all(db: "Database", target: Target) -> Cosines:
    """Every cosine of a small conversation."""
    return _cosines(await db.fetchrow(COSINES_OF_ALL, *target.parameters()))


COSINES_ALONE = """
select array_send(array_agg(seq)) as seq,
       array_send(array_agg(passage::integer)) as passage,
       array_send(array_agg(smoothed::integer)) as smoothed,
       array_send(array_agg(embedding <#> $3)) as distance
  from message_embedding
 where conversation_id = $1 and model_id = $2 and smoothed = false and seq = any($4)
"""


async def cosines_alone(db: "Database", target: Target, *, seqs: Integers) -> Cosines:
    """The cosines of some messages alone."""
    return _cosines(await db.fetchrow(COSINES_ALONE, *target.parameters(), seqs.tolist()))


COSINES = """
select array_send(array_agg(seq)) as seq,
       array_send(array_agg(passage::integer)) as passage,
       array_send(array_agg(smoothed::integer)) as smoothed,
       array_send(array_agg(embedding <#> $3)) as distance
  from message_embedding
 where conversation_id = $1 and model_id = $2 and smoothed = any('{false,true}')
   and seq = any($4)
"""


async def cosines(db: "Database", target: Target, *, seqs: Integers) -> Cosines:
    """The cosines of some messages."""
    return _cosines(await db.fetchrow(COSINES, *target.parameters(), seqs.tolist()))


def _cosines(row: "Record | None") -> Cosines:
    assert row is not None  # noqa: S101 - an aggregate always has one row
    return Cosines(
        seq=packed.integers(row["seq"]),
        passage=packed.small_integers(row["passage"]),
        smoothed=packed.small_integers(row["smoothed"]) > 0,
        cosine=-packed.floats(row["distance"]),
    )
