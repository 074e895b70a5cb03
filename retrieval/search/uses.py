"""Looks up how the room uses words that are small talk by themselves."""

from typing import TYPE_CHECKING

import numpy as np

from retrieval.search.context import SearchContext
from retrieval.search.lexical.postings import every_term, read_postings
from retrieval.search.query.filters import Filters
from retrieval.search.query.small_talk import Use, possible_title, use_of
from retrieval.search.selection.messages import read_messages
from retrieval.wire import SearchRequest

if TYPE_CHECKING:
    from retrieval.database.connection import Database

MOST_READ = 50
"""Newest messages looked into: in a large room, a word of small talk is in thousands."""


async def use_in_room(
    db: "Database", context: SearchContext, query: str, request: SearchRequest
) -> Use:
    """Costs two statements, and none for what cannot be a title."""
    title = possible_title(query)
    if title is None:
        return Use.NOWHERE
    seqs = await _newest_with_all_words(db, context, request)
    said = await read_messages(db, conversation_id=context.conversation_id, seqs=seqs)
    return use_of(title, [message.content for message in said.values()])


async def _newest_with_all_words(
    db: "Database", context: SearchContext, request: SearchRequest
) -> list[int]:
    """Of the rarest term's messages; a term may have several forms."""
    postings = await read_postings(
        db,
        context.conversation_id,
        terms=every_term(context.terms),
        filters=Filters.of(request, excluded=context.excluded),
        messages=context.message_count,
        passages=context.passage_count,
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
