"""Looks up how the room uses words that are small talk by themselves."""

import numpy as np

from retrieval.search.context import SearchContext
from retrieval.search.lexical.postings import every_term
from retrieval.search.query.filters import Filters
from retrieval.search.query.small_talk import Title, Use, use_of
from retrieval.search.source import Source
from retrieval.wire import SearchRequest

MOST_READ = 50
"""Newest messages looked into: in a large room, a word of small talk is in thousands."""


async def use_in_room(
    source: Source, context: SearchContext, title: Title, request: SearchRequest
) -> Use:
    seqs = await _newest_with_all_words(source, context, request)
    said = await source.messages(seqs)
    return use_of(title, [message.content for message in said.values()])


async def _newest_with_all_words(
    source: Source, context: SearchContext, request: SearchRequest
) -> list[int]:
    """Of the rarest term's messages; a term may have several forms."""
    postings = await source.postings(
        every_term(context.terms), Filters.of(request, excluded=context.excluded)
    )
    by_term = {one.term: one.seq for one in postings}
    nothing = np.zeros(0, dtype=np.int64)
    each = [
        np.unique(np.concatenate([nothing, *(by_term[t] for t in term.weights if t in by_term)]))
        for term in context.terms
    ]
    said = [seqs for seqs in each if len(seqs)]
    if not said:
        return []
    rarest = min(said, key=len)
    newest: list[int] = np.setdiff1d(rarest, context.excluded)[-MOST_READ:].tolist()
    return newest
