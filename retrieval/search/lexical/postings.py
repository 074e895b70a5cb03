"""Where the query's words occur in one conversation, known at a bounded cost.

At most MAX_POSTINGS per word are looked at, newest first. A capped word's frequency is estimated
from their density. Its other occurrences are looked at only for the candidates.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from retrieval import columns
from retrieval.columns import Integers, is_in
from retrieval.text.terms.asked import QueryTerm

MAX_POSTINGS = 4000
MAX_TERMS = 48
"""Of a longer query the rarest terms are used."""
MAX_WEIGHED_TERMS = 400
"""The first terms of the query, of which these are the rarest."""


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


def postings_of(
    row: tuple[str, bytes | None, bytes | None, bytes | None, bytes | None],
    *,
    messages: int,
    passages: int,
) -> Postings:
    """From columns as PostgreSQL packs them."""
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


def frequency(seq: Integers, *, messages: int, passages: int) -> float:
    """Passages that have a term, by its postings `seq`, newest first; an estimate if capped."""
    if len(seq) < MAX_POSTINGS:
        return float(len(seq))
    read = max(1, int(seq[0] - seq[-1]))
    return float(max(len(seq), min(passages, len(seq) * messages / read)))


def only_in(seqs: Integers, postings: Postings) -> Postings:
    """`seqs` ascending; the frequency stays."""
    there = np.flatnonzero(is_in(seqs, postings.seq))
    return replace(
        postings,
        seq=postings.seq[there],
        passage=postings.passage[there],
        occurrences=postings.occurrences[there],
        passage_words=postings.passage_words[there],
    )
