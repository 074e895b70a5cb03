"""Reads where the query's words occur in one conversation."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from retrieval import columns
from retrieval.columns import Integers
from retrieval.search.lexical.postings import (
    MAX_POSTINGS,
    MAX_TERMS,
    MAX_WEIGHED_TERMS,
    Postings,
    postings_of,
)
from retrieval.search.query.filters import Filters
from retrieval.search.stored.conditions import filter_parameters, listed_bits, with_conditions
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record


async def read_postings(
    db: "Database",
    conversation_id: ConversationId,
    *,
    terms: Sequence[str],
    filters: Filters,
    messages: int,
    passages: int,
) -> list[Postings]:
    """`messages` and `passages` count the whole conversation."""
    frequencies: dict[str, int] | None = None
    if filters.narrow or len(terms) > MAX_TERMS:
        frequencies = await _frequencies(db, conversation_id, terms[:MAX_WEIGHED_TERMS])
        terms = list(frequencies)
    if not terms:
        return []
    if filters.narrow:
        rows = await db.fetch(
            FILTERED_POSTINGS,
            conversation_id,
            terms,
            MAX_POSTINGS,
            *filter_parameters(filters),
            listed_bits(filters),
        )
    else:
        rows = await db.fetch(POSTINGS, conversation_id, terms, MAX_POSTINGS)
    read = [postings_of(tuple(row), messages=messages, passages=passages) for row in rows]
    return [_weighed(one, frequencies) for one in read]


FREQUENCIES = """
select term, postings
  from unnest($2::text[]) as wanted (term)
 cross join lateral (
       select count(*) as postings
         from (select 1 from message_term
                where conversation_id = $1 and lexeme = wanted.term limit $3) few) counted
 order by nullif(postings, 0) nulls last, term collate "C"
 limit $4
"""


async def _frequencies(
    db: "Database", conversation_id: ConversationId, terms: Sequence[str]
) -> dict[str, int]:
    """MAX_TERMS terms and their counts up to MAX_POSTINGS, rarest first, unknown ones last."""
    rows = await db.fetch(FREQUENCIES, conversation_id, list(terms), MAX_POSTINGS, MAX_TERMS)
    return {row["term"]: row["postings"] for row in rows}


POSTINGS = """
select term, seq, passage, occurrences, passage_words
  from unnest($2::text[]) as wanted (term)
 cross join lateral (
       select array_send(array_agg(seq)) as seq,
              array_send(array_agg(passage::integer)) as passage,
              array_send(array_agg(occurrences::integer)) as occurrences,
              array_send(array_agg(passage_words::integer)) as passage_words
         from (select seq, passage, occurrences, passage_words
                 from message_term
                where conversation_id = $1 and lexeme = wanted.term
                order by seq desc, passage desc
                limit $3) newest) columns
"""

FILTERED_POSTINGS = with_conditions(
    """
select term, seq, passage, occurrences, passage_words
  from unnest($2::text[]) as wanted (term)
 cross join lateral (
       select array_send(array_agg(seq)) as seq,
              array_send(array_agg(passage::integer)) as passage,
              array_send(array_agg(occurrences::integer)) as occurrences,
              array_send(array_agg(passage_words::integer)) as passage_words
         from (select seq, passage, occurrences, passage_words
                 from message_term t
                 join message m using (conversation_id, seq)
                where t.conversation_id = $1 and m.conversation_id = $1
                  and lexeme = wanted.term
                  and {allowed}
                order by seq desc, passage desc
                limit $3) newest) columns
""",
    listed="$9",
)


def _weighed(postings: Postings, frequencies: dict[str, int] | None) -> Postings:
    if not frequencies or postings.capped:
        return postings
    return replace(postings, frequency=frequencies[postings.term])


POSTINGS_IN = """
select lexeme as term,
       array_send(array_agg(seq)) as seq,
       array_send(array_agg(passage::integer)) as passage,
       array_send(array_agg(occurrences::integer)) as occurrences,
       array_send(array_agg(passage_words::integer)) as passage_words
  from message_term
 where conversation_id = $1 and lexeme = any($2) and seq = any($3)
 group by lexeme
"""


async def read_complete(
    db: "Database", conversation_id: ConversationId, *, capped: Sequence[Postings], seqs: Integers
) -> list[Postings]:
    """All postings of these terms in the messages `seqs`, instead of those known."""
    known = {one.term: one for one in capped}
    rows = await db.fetch(POSTINGS_IN, conversation_id, [*known], seqs.tolist())
    return [_instead(known[row["term"]], row) for row in rows]


def _instead(capped: Postings, row: "Record") -> Postings:
    return replace(
        capped,
        seq=columns.integers(row["seq"]),
        passage=columns.small_integers(row["passage"]),
        occurrences=columns.small_integers(row["occurrences"]),
        passage_words=columns.small_integers(row["passage_words"]),
    )
