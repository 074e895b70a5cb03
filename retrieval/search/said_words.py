"""Where the query's words were said, and the lexical scores that follow."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from retrieval.columns import Integers
from retrieval.search.context import SearchContext
from retrieval.search.lexical import bm25
from retrieval.search.lexical.bm25 import LexicalScores
from retrieval.search.lexical.misspelt import look_ups, with_similar_words
from retrieval.search.lexical.postings import Postings, every_term, only_in
from retrieval.search.query.filters import Filters
from retrieval.search.query.query import Query
from retrieval.search.source import Source
from retrieval.text.terms.asked import QueryTerm


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

    async def completed(
        self, source: Source, seqs: Integers, *, known: LexicalScores
    ) -> LexicalScores:
        """Of the messages `seqs` at least, ascending; `known` are the scores without what was
        capped.
        """
        capped = [one for one in self.postings if one.capped]
        if not capped:
            return known
        complete = {one.term: one for one in await source.complete(capped, seqs)}
        postings = [complete.get(one.term) or only_in(seqs, one) for one in self.postings]
        return replace(self, postings=postings).scores()


async def read_words(
    source: Source, context: SearchContext, query: Query, filters: Filters
) -> SaidWords:
    """Those that the context has unfiltered, unless the filters are narrow."""
    postings = context.postings
    if postings is None or filters.narrow:
        postings = await source.postings(every_term(context.terms), filters)
    asked = await _with_similar_words(source, context, postings, meant=query.day_words)
    read = {one.term for one in postings}
    similar = [term for term in every_term(asked) if term not in read]
    if asked != context.terms and similar:
        postings = [*postings, *await source.postings(similar, filters)]
    return SaidWords(context, [term.without_name_in(query.day_words) for term in asked], postings)


async def _with_similar_words(
    source: Source, context: SearchContext, postings: Sequence[Postings], meant: Collection[str]
) -> list[QueryTerm]:
    wanted = look_ups(context.terms, postings, meant=meant)
    if not wanted:
        return context.terms
    found = await source.similar(wanted)
    return with_similar_words(context.terms, found, language=context.language)
