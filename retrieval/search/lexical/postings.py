"""Reads where the query's words occur in one conversation, at a bounded cost.

At most MAX_POSTINGS per word are read, newest first. A capped word's frequency is estimated from
their density. Its other occurrences are read only for the candidates.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from retrieval import columns
from retrieval.columns import Integers
from retrieval.search.query.conditions import with_conditions
from retrieval.search.query.filters import Filters
from retrieval.text.terms.asked import QueryTerm
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

MAX_POSTINGS = 4000
MAX_TERMS = 48
"""Of a longer query the rarest terms are used."""
MAX_WEIGHED_TERMS = 400


@dataclass(frozen=True)
class Postings:
    """Of one term: aligned arrays, one entry per passage."""

    term: str
    seq: Integers
    passage: Integers
    occurrences: Integers
    passage_words: Integers
    frequency: float
    """Passages of the whole conversation with the term; estimated if `capped`."""
    capped: bool
    """Older occurrences may be missing."""


def every_term(asked: Iterable[QueryTerm]) -> list[str]:
    """Each once, in order."""
    return list(dict.fromkeys(term for one in asked for term in one.weights))


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
            *filters.parameters(),
            filters.listed_bits,
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
 order by nullif(postings, 0) nulls last, term
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


def postings_of(
    row: tuple[str, bytes | None, bytes | None, bytes | None, bytes | None],
    *,
    messages: int,
    passages: int,
) -> Postings:
    term, seqs, numbers, occurrences, passage_words = row
    seq = columns.integers(seqs)
    return Postings(
        term=term,
        seq=seq,
        passage=columns.small_integers(numbers),
        occurrences=columns.small_integers(occurrences),
        passage_words=columns.small_integers(passage_words),
        frequency=frequency(seq, messages=messages, passages=passages),
        capped=len(seq) >= MAX_POSTINGS,
    )


def _weighed(postings: Postings, frequencies: dict[str, int] | None) -> Postings:
    if not frequencies or postings.capped:
        return postings
    return replace(postings, frequency=frequencies[postings.term])


def frequency(seq: Integers, *, messages: int, passages: int) -> float:
    """Passages that have a term, by its postings `seq`, newest first; an estimate if capped."""
    if len(seq) < MAX_POSTINGS:
        return float(len(seq))
    read = max(1, int(seq[0] - seq[-1]))
    return float(max(len(seq), min(passages, len(seq) * messages / read)))


async def complete(
    db: "Database", conversation_id: ConversationId, *, postings: Sequence[Postings], seqs: Integers
) -> list[Postings]:
    """With the postings in the messages `seqs` added to capped ones."""
    capped = {one.term: one for one in postings if one.capped}
    if not capped or len(seqs) == 0:
        return [*postings]
    rows = await db.fetch(POSTINGS_IN, conversation_id, [*capped], seqs.tolist())
    joined = {row["term"]: _joined(capped[row["term"]], row) for row in rows}
    return [joined.get(one.term, one) for one in postings]


def only_in(seqs: Integers, postings: Postings) -> Postings:
    """`seqs` ascending; the frequency stays."""
    there = np.flatnonzero(columns.is_in(seqs, postings.seq))
    return replace(
        postings,
        seq=postings.seq[there],
        passage=postings.passage[there],
        occurrences=postings.occurrences[there],
        passage_words=postings.passage_words[there],
    )


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


def _joined(read: Postings, row: "Record") -> Postings:
    seq = columns.integers(row["seq"])
    beyond = ~np.isin(seq, read.seq)
    return replace(
        read,
        seq=np.concatenate((read.seq, seq[beyond])),
        passage=np.concatenate((read.passage, columns.small_integers(row["passage"])[beyond])),
        occurrences=np.concatenate(
            (read.occurrences, columns.small_integers(row["occurrences"])[beyond])
        ),
        passage_words=np.concatenate(
            (read.passage_words, columns.small_integers(row["passage_words"])[beyond])
        ),
    )
