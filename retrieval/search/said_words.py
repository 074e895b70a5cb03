"""Where the query's words were said, and the lexical scores that follow."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from retrieval.columns import Integers
from retrieval.search.context import SearchContext
from retrieval.search.lexical import bm25
from retrieval.search.lexical.bm25 import LexicalScores
from retrieval.search.lexical.misspelt import with_similar_words
from retrieval.search.lexical.postings import (
    Postings,
    complete,
    every_term,
    only_in,
    read_postings,
)
from retrieval.search.query.filters import Filters
from retrieval.search.query.query import Query
from retrieval.text.terms.asked import QueryTerm

if TYPE_CHECKING:
    from retrieval.database.connection import Database


@dataclass(frozen=True)
class SaidWords:
    """What is asked for, and where it was said."""

    context: SearchContext
    asked: list[QueryTerm]
    postings: list[Postings]

    def scores(self) -> LexicalScores:
        return bm25.score(
            self.asked,
            self.postings,
            passages=self.context.passage_count,
            lexemes=self.context.lexeme_count,
        )

    async def scores_within(
        self, db: "Database", seqs: Integers, *, known: LexicalScores
    ) -> LexicalScores:
        """Of the messages `seqs`, ascending; `known` are the scores without what was capped."""
        if not any(one.capped for one in self.postings):
            return known.within(seqs)
        postings = await complete(
            db, self.context.conversation_id, postings=self.postings, seqs=seqs
        )
        return replace(self, postings=[only_in(seqs, one) for one in postings]).scores()


async def read_words(
    db: "Database", context: SearchContext, query: Query, filters: Filters
) -> SaidWords:
    """Those that the context has unfiltered, unless the filters are narrow."""
    postings = context.postings
    if postings is None or filters.narrow:
        postings = await _postings(db, context, filters, every_term(context.terms))
    asked = await with_similar_words(
        db,
        context.conversation_id,
        context.terms,
        postings,
        language=context.language,
        meant=query.day_words,
    )
    read = {one.term for one in postings}
    similar = [term for term in every_term(asked) if term not in read]
    if asked != context.terms and similar:
        postings = [*postings, *await _postings(db, context, filters, similar)]
    return SaidWords(context, [term.without_name_in(query.day_words) for term in asked], postings)


async def _postings(
    db: "Database", context: SearchContext, filters: Filters, terms: list[str]
) -> list[Postings]:
    return await read_postings(
        db,
        context.conversation_id,
        terms=terms,
        filters=filters,
        messages=context.message_count,
        passages=context.passage_count,
    )
