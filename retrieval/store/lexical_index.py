"""Index entries of the lexical arm, and the vocabulary of a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from retrieval.text import passages
from retrieval.text.terms.stored import VERSION, Terms, passage_terms
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection


class Spoken(Protocol):
    @property
    def seq(self) -> int: ...
    @property
    def participant(self) -> str: ...
    @property
    def content(self) -> str: ...


@dataclass(frozen=True)
class Indexed:
    passages: int
    words: int


INDEX = """
insert into message_term
       (conversation_id, lexeme, seq, passage, occurrences, passage_words, version)
select $1, lexeme, seq, passage, occurrences, passage_words, $7
  from unnest($2::text[], $3::bigint[], $4::smallint[], $5::smallint[], $6::smallint[])
       as term (lexeme, seq, passage, occurrences, passage_words)
"""

# What the new entries leave out is deleted later.
INDEX_ANEW = (
    INDEX
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


async def index_messages(
    connection: "Connection",
    *,
    conversation_id: ConversationId,
    messages: Sequence[Spoken],
    language: str,
    anew: bool = False,
) -> Indexed:
    """The participant's name is indexed as a word. Expects the conversation's lock.

    `anew` overwrites entries that the messages may have.
    """
    cut = [
        (
            message.seq,
            number,
            passage_terms(passage, participant=message.participant, language=language),
        )
        for message in messages
        for number, passage in enumerate(passages.split(message.content))
    ]
    rows = [
        (term, seq, number, min(times, MOST_COUNTED), min(terms.words, MOST_COUNTED))
        for seq, number, terms in cut
        for term, times in terms.counts.items()
    ]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[]] * 5
    await connection.execute(INDEX_ANEW if anew else INDEX, conversation_id, *columns, VERSION)
    await _learn(connection, conversation_id, [terms for _, _, terms in cut])
    return Indexed(passages=len(cut), words=sum(terms.words for _, _, terms in cut))


async def _learn(
    connection: "Connection", conversation_id: ConversationId, read: Sequence[Terms]
) -> None:
    words: set[str] = set().union(*(terms.vocabulary for terms in read))
    await connection.execute(LEARN, conversation_id, sorted(words))
