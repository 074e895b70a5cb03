"""Reads where terms occur."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from operator import ne
from typing import TYPE_CHECKING, Final

import numpy as np

from retrieval import columns
from retrieval.columns import Integers
from retrieval.search.memory.words.posting_lists import NOWHERE, Occurrences, PostingLists
from retrieval.store.indexes.lexical_index import SEPARATOR
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

PAGE_POSTINGS: Final = 8000

# The first condition, which the second one implies, bounds the index scan: behind a policy rows are
# compared only after they are read. Terms come as one text: it is split faster than an array of
# them is decoded.
POSTINGS: Final = """
select string_agg(lexeme, $6) as lexemes,
       array_send(array_agg(seq)) as seq,
       array_send(array_agg(passage::integer)) as passage,
       array_send(array_agg(occurrences::integer)) as occurrences,
       array_send(array_agg(passage_words::integer)) as passage_words
  from (select lexeme, seq, passage, occurrences, passage_words
          from message_term
         where conversation_id = $1 and lexeme >= $2 and (lexeme, seq, passage) > ($2, $3, $4)
         order by lexeme, seq, passage
         limit $5) page
"""


@dataclass(frozen=True)
class _Page:
    terms: list[str]
    """Of each posting."""
    columns: Occurrences


async def read_postings(
    connection: "Connection", conversation_id: ConversationId, *, mark: int
) -> PostingLists:
    """`mark` is the last message."""
    numbers: dict[str, int] = {}
    starts: list[Integers] = []
    parts: list[Occurrences] = [NOWHERE]
    read, previous = 0, None  # no term: of a word that is an accent alone, even "" is one
    async for page in _pages(connection, conversation_id):
        before: list[str | None] = [previous, *page.terms[:-1]]
        first = np.flatnonzero(np.fromiter(map(ne, page.terms, before), dtype=np.bool_))
        for place in first.tolist():
            numbers[page.terms[place]] = len(numbers)
        starts.append(first + read)
        parts.append(page.columns)
        read, previous = read + len(page.terms), page.terms[-1]
    joined = Occurrences(*map(np.concatenate, zip(*parts, strict=True)))
    ends = np.concatenate([*starts, np.array([read])]).astype(np.int64)
    return PostingLists.of(mark, numbers, ends, joined)


async def _pages(connection: "Connection", conversation_id: ConversationId) -> AsyncIterator[_Page]:
    term, seq, passage = "", -1, -1
    while True:
        row = await connection.fetchrow(
            POSTINGS, conversation_id, term, seq, passage, PAGE_POSTINGS, SEPARATOR
        )
        if row is None or row["lexemes"] is None:
            return
        terms: list[str] = row["lexemes"].split(SEPARATOR)
        page = Occurrences(
            columns.integers(row["seq"]),
            columns.small_integers(row["passage"]),
            columns.small_integers(row["occurrences"]),
            columns.small_integers(row["passage_words"]),
        )
        yield _Page(terms, page)
        if len(terms) < PAGE_POSTINGS:
            return
        term, seq, passage = terms[-1], int(page.seq[-1]), int(page.passage[-1])
        await asyncio.sleep(0)
