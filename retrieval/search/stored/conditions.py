"""SQL that several statements share: which messages a request allows, and which it prefers.

Statements number their parameters alike: $4 to $8 are `filter_parameters()`, $9 to $13 are
`preferred_parameters()`, and the last one is `listed_bits()`. Text, not SQL functions: PostgreSQL
inlines those into the same plans, but each use adds about 25 microseconds of planning to a search,
which is planned anew every time.
"""

from datetime import datetime

import asyncpg
import numpy as np
from pgvector import HalfVector

from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.vector.cosines import Preferred, Target
from retrieval.wire import ConversationId

ALLOWED = """(
    ($4::timestamptz is null or created_at >= $4)
    and ($5::timestamptz is null or created_at < $5)
    and ($6::text[] is null or participant = any($6))
    and ($7::text[] is null or role = any($7))
    and ($8::bigint[] = '{}' or seq <> all($8))
    and ({listed}::bit varying is null
         or case when seq < length({listed}::bit varying)
                 then get_bit({listed}::bit varying, seq::integer) = 1
                 else false end))"""

PREFERENCE = """(
    case when $9::float8 = 0 then 0
         when participant = any($10::text[]) or role = $11 then $9::float8
         when role = 'assistant' and cardinality($10::text[]) > 0 then -$9::float8
         else 0 end
    + case when $12::float8 = 0 then 0
           when $13::tstzmultirange @> created_at then $12::float8
           else 0 end)"""
"""In cosines. With a gain of 0 its half is a constant, and costs nothing for each row."""


def with_conditions(sql: str, *, listed: str) -> str:
    """`listed` is the number of the last parameter, such as $17."""
    allowed = ALLOWED.replace("{listed}", listed)
    return sql.replace("{allowed}", allowed).replace("{preference}", PREFERENCE)


def target_parameters(target: Target) -> tuple[ConversationId, int, HalfVector]:
    """$1 to $3."""
    return target.conversation_id, target.model_id, HalfVector(target.vector)


def filter_parameters(
    filters: Filters,
) -> tuple[datetime | None, datetime | None, list[str] | None, list[str] | None, list[int]]:
    """$4 to $8."""
    return filters.since, filters.until, filters.participants, filters.roles, filters.excluded


def preferred_parameters(
    preferred: Preferred,
) -> tuple[float, list[str], str | None, float, list["asyncpg.Range[datetime]"]]:
    """$9 to $13."""
    spans = [asyncpg.Range(start, end) for start, end in preferred.spans]
    about = about_parameters(preferred.about)
    return preferred.speaker_gain, *about, preferred.date_gain, spans


def about_parameters(about: About) -> tuple[list[str], str | None]:
    return [*about.people], about.role


def listed_bits(filters: Filters) -> asyncpg.BitString | None:
    """The last parameter: one bit for each `seq` from 0. Of a million messages it has 125 kB, and a
    row is checked in a few nanoseconds however many are listed.
    """
    if filters.listed is None:
        return None
    bits = np.zeros(filters.listed.max(initial=0) + 1, dtype=np.uint8)
    bits[filters.listed] = 1
    return asyncpg.BitString.frombytes(np.packbits(bits).tobytes(), bitlength=len(bits))
