"""SQL that several statements share: which messages a request allows, and which it prefers.

Statements number their parameters alike: $4 to $8 are `Filters.parameters()`, $9 to $13 are
`Preferred.parameters()`, and the last one is `Filters.listed_bits`. Text, not SQL functions:
PostgreSQL inlines those into the same plans, but each use adds about 25 microseconds of planning to
a search, which is planned anew every time.
"""

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
