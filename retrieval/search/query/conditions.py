"""SQL that several statements share: which messages a request allows, and which it prefers.

Statements number their parameters alike: $4 to $8 are `Filters.parameters()`, $9 to $13 are
`Preferred.parameters()`. Text, not SQL functions: PostgreSQL inlines those into the same plans, but
each use adds about 25 microseconds of planning to a search, which is planned anew every time.
"""

ALLOWED = """(
    ($4::timestamptz is null or created_at >= $4)
    and ($5::timestamptz is null or created_at < $5)
    and ($6::text[] is null or participant = any($6))
    and ($7::text[] is null or role = any($7))
    and ($8::bigint[] = '{}' or seq <> all($8)))"""

PREFERENCE = """(
    case when $9::float8 = 0 then 0
         when participant = any($10::text[]) or role = $11 then $9::float8
         when role = 'assistant' and cardinality($10::text[]) > 0 then -$9::float8
         else 0 end
    + case when $12::float8 = 0 then 0
           when $13::tstzmultirange @> created_at then $12::float8
           else 0 end)"""
"""In cosines. With a gain of 0 its half is a constant, and costs nothing for each row."""


def with_conditions(sql: str) -> str:
    return sql.replace("{allowed}", ALLOWED).replace("{preference}", PREFERENCE)
