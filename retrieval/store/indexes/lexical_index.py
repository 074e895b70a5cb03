"""Index entries of the lexical arm, and the vocabulary of a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from retrieval.text.analysis import Analysis
from retrieval.text.long_texts import worked_out
from retrieval.text.terms.stored import VERSION
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection


@dataclass(frozen=True)
class Indexed:
    passages: int
    words: int


# A passage's terms come as one text: arrays with an element for each term cost three times that.
_INDEX = """
insert into message_term
       (conversation_id, lexeme, seq, passage, occurrences, passage_words, version)
select $1, lexeme, seq, passage, occurrences, passage_words, $8
  from unnest($2::bigint[], $3::smallint[], $4::smallint[], $5::text[], $6::text[])
       as read (seq, passage, passage_words, lexemes, times)
 cross join lateral unnest(string_to_array(lexemes, $7), string_to_array(times, ' ')::smallint[])
       as term (lexeme, occurrences)
"""

# Behind policies Citus copies no rows to shards, as it does where nothing is returned.
INDEX = "with indexed as (" + _INDEX + " returning 1) select count(*) from indexed"  # noqa: S608

# What the new entries leave out is deleted later.
INDEX_ANEW = (
    _INDEX
    + """
    on conflict (conversation_id, lexeme, seq, passage) do update
   set occurrences = excluded.occurrences,
       passage_words = excluded.passage_words,
       version = excluded.version
"""
)

LEARN = """
insert into vocabulary (conversation_id, word)
select $1, word from unnest($2::text[]) as learned (word)
    on conflict do nothing
"""

MOST_COUNTED = 32_767
SEPARATOR = "\x1f"
"""White space to the text layer: no term has it."""


async def index_messages(
    connection: "Connection",
    *,
    conversation_id: ConversationId,
    seqs: Sequence[int],
    analyses: Sequence[Analysis],
    anew: bool = False,
) -> Indexed:
    """`analyses` of the messages `seqs`, in their order. Expects the conversation's lock.

    `anew` overwrites entries that the messages may have.
    """
    columns = await worked_out(
        partial(_columns, seqs, analyses),
        chars=sum(len(terms.counts) for one in analyses for terms in one.passages),
        use="storing",
    )
    await connection.execute(
        INDEX_ANEW if anew else INDEX,
        conversation_id,
        columns.seqs,
        columns.passages,
        columns.passage_words,
        columns.lexemes,
        columns.times,
        SEPARATOR,
        VERSION,
    )
    await connection.execute(LEARN, conversation_id, columns.vocabulary)
    return Indexed(passages=len(columns.seqs), words=columns.words)


@dataclass(frozen=True)
class _Columns:
    """Aligned, but for the vocabulary: an entry for each passage."""

    seqs: list[int]
    passages: list[int]
    passage_words: list[int]
    lexemes: list[str]
    times: list[str]
    vocabulary: list[str]
    words: int


def _columns(seqs: Sequence[int], analyses: Sequence[Analysis]) -> _Columns:
    cut = [
        (seq, number, terms)
        for seq, analysis in zip(seqs, analyses, strict=True)
        for number, terms in enumerate(analysis.passages)
    ]
    words: set[str] = set().union(*(terms.vocabulary for _, _, terms in cut))
    return _Columns(
        seqs=[seq for seq, _, _ in cut],
        passages=[number for _, number, _ in cut],
        passage_words=[min(terms.words, MOST_COUNTED) for _, _, terms in cut],
        lexemes=[SEPARATOR.join(terms.counts) for _, _, terms in cut],
        times=[" ".join(map(_counted, terms.counts.values())) for _, _, terms in cut],
        vocabulary=sorted(words),
        words=sum(terms.words for _, _, terms in cut),
    )


def _counted(times: int) -> str:
    return str(min(times, MOST_COUNTED))
