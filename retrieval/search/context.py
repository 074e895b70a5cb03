"""What a search reads of the conversation first, in one statement."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from retrieval.ann.tiers import Tier
from retrieval.database.in_conversation import planned_once
from retrieval.errors import ConversationNotFound
from retrieval.search.lexical.postings import (
    MAX_POSTINGS,
    MAX_TERMS,
    MAX_WEIGHED_TERMS,
    Postings,
    every_term,
    postings_of,
)
from retrieval.search.memory.news import NEWS, NEWS_COLUMNS, News, news_of, news_parameters
from retrieval.search.memory.version import VERSION_COLUMNS, Kept, Version, version_of
from retrieval.search.query.people import possible_names
from retrieval.text.terms.asked import QueryTerm, query_terms
from retrieval.text.terms.stored import VERSION
from retrieval.wire import ConversationId, MessageId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

MOST_LIKELY_LANGUAGE = "english"
"""Rooms in others cost a search a second statement."""
MAX_COUNTED_PENDING = 10_000
"""Counting stops here: searches stay fast during a large backfill."""


@dataclass(frozen=True)
class ActiveModel:
    model_id: int
    name: str


@dataclass(frozen=True)
class SearchContext:
    conversation_id: ConversationId
    message_count: int
    passage_count: int
    lexeme_count: int
    last_seq: int
    in_order: bool
    """Every message arrived after all that were said before it, and none between was erased."""
    participants: int
    """Counted among the first 100 names only: enough to tell small rooms from large ones."""
    pending: int
    model: ActiveModel | None
    language: str
    terms: list[QueryTerm]
    """Of the query."""
    names: dict[str, frozenset[str]]
    """Names in the query, lower case, and the identities that go by each."""
    excluded: list[int]
    """`seq` of the messages that the request excludes."""
    prepared: Tier
    revision: int
    version: Version | None
    """None without a model."""
    postings: list[Postings] | None
    """Of the query's terms, unfiltered; None if they were not read with the context."""
    news: News | None
    """Beyond the marks of a room in memory. None: the tables answer; it may be out of date."""


# One statement: each costs a fraction of a millisecond before it reads anything.
_CONTEXT: Final = """
select c.message_count, c.last_seq, c.in_order, c.passage_count, c.word_count, c.language,
       {version},{news_columns} m.name as model_name, p.coded_to, p.graph_to, found.*,
       (select count(distinct identity)
          from (select identity from participant_name where conversation_id = $1 limit 100) few)
           as participants,
       (select array_agg(array[name, identity] order by name, identity)
          from participant_name where conversation_id = $1 and name = any($5)) as names,
       (select array_agg(seq)
          from message where conversation_id = $1 and message_id = any($3)) as excluded,
       (select count(*)
          from (select 1 from embedding_job j
                 where j.conversation_id = $1 and j.model_id = m.model_id limit $4) few) as pending
  from conversation c
  left join embedding_model m on m.state = 'active'
  left join prepared_part p on p.conversation_id = c.conversation_id and p.model_id = m.model_id
 cross join lateral (
       select array_agg(term) as terms, array_agg(seq) as seqs, array_agg(passage) as passages,
              array_agg(occurrences) as occurrences, array_agg(passage_words) as passage_words
         from unnest(case when c.language = $2 then $6::text[] end) wanted (term)
        cross join lateral (
              select array_send(array_agg(seq)) as seq,
                     array_send(array_agg(passage::integer)) as passage,
                     array_send(array_agg(occurrences::integer)) as occurrences,
                     array_send(array_agg(passage_words::integer)) as passage_words
                from (select seq, passage, occurrences, passage_words
                        from message_term
                       where conversation_id = $1 and lexeme = wanted.term {newer}
                       order by seq desc, passage desc
                       limit $7) newest) columns
       ) found
{news} where c.conversation_id = $1 and not c.erased
""".replace("{version}", VERSION_COLUMNS.strip())
CONTEXT: Final = _CONTEXT.replace("{news_columns}", "").replace("{newer}", "").replace("{news}", "")
CONTEXT_AND_NEWS: Final = (
    _CONTEXT.replace("{news_columns}", f"{NEWS_COLUMNS.rstrip()},")
    .replace("{newer}", "and seq > $9")
    .replace("{news}", NEWS.removeprefix("\n"))
)
"""Of a room in memory: what lies beyond its marks."""


async def read_context(
    db: "Database",
    *,
    conversation_id: ConversationId,
    query: str,
    exclude_ids: Sequence[MessageId] = (),
    with_words: bool = False,
    room: Kept | None = None,
) -> SearchContext:
    """`with_words` reads postings too, of up to MAX_TERMS terms; of a `room` in memory its news.

    Raises ConversationNotFound.
    """
    language = room.language if room else MOST_LIKELY_LANGUAGE
    while True:
        terms = query_terms(query, language=language)
        wanted = every_term(terms)
        if room is not None:
            wanted = wanted[:MAX_WEIGHED_TERMS]
        elif not with_words or len(wanted) > MAX_TERMS:
            wanted = []
        row = await planned_once(db).fetchrow(
            CONTEXT if room is None else CONTEXT_AND_NEWS,
            conversation_id,
            language,
            [*exclude_ids],
            MAX_COUNTED_PENDING,
            possible_names(query),
            wanted,
            MAX_POSTINGS,
            *(news_parameters(room) if room else ()),
        )
        if row is None:
            raise ConversationNotFound(conversation_id)
        if row["language"] == language:
            return _context(row, terms, conversation_id=conversation_id, room=room)
        language = row["language"]  # the first statement read no postings


def _context(
    row: "Record",
    terms: list[QueryTerm],
    *,
    conversation_id: ConversationId,
    room: Kept | None,
) -> SearchContext:
    has_model = row["model_id"] is not None
    postings = _postings(row) if row["terms"] is not None else None
    return SearchContext(
        conversation_id=conversation_id,
        message_count=row["message_count"],
        passage_count=row["passage_count"],
        lexeme_count=row["word_count"],
        last_seq=row["last_seq"],
        in_order=row["in_order"],
        participants=row["participants"],
        pending=row["pending"] if has_model else row["message_count"],
        model=ActiveModel(row["model_id"], row["model_name"]) if has_model else None,
        language=row["language"],
        terms=terms,
        names=_names(row["names"] or []),
        excluded=row["excluded"] or [],
        prepared=Tier(row["coded_to"] or 0, row["graph_to"] or 0),
        revision=row["revision"],
        version=version_of(row),
        postings=postings if room is None else None,
        news=_news(row, postings or [], room) if room else None,
    )


def _news(row: "Record", postings: list[Postings], room: Kept) -> News | None:
    """Each of these alone would show what is not stored any more, or hide what is."""
    if version_of(row) != room.version or room.version.text_version != VERSION:
        return None
    if row["reindexing"]:
        return None
    news = news_of(row, postings)
    known = room.message_count + len(news.messages)
    return news if news.complete and known == row["message_count"] else None


def _postings(row: "Record") -> list[Postings]:
    columns = (row["terms"], row["seqs"], row["passages"], row["occurrences"], row["passage_words"])
    return [
        postings_of(packed, messages=row["message_count"], passages=row["passage_count"])
        for packed in zip(*columns, strict=True)
    ]


def _names(pairs: Sequence[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, identity in pairs:
        found[name].add(identity)
    return {name: frozenset(people) for name, people in found.items()}
