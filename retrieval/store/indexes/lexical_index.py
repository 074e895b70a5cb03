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


# A passage's terms come as one text: arrays with an element for each term cost three times that.
INDEX = """
insert into message_term
       (conversation_id, lexeme, seq, passage, occurrences, passage_words, version)
select $1, lexeme, seq, passage, occurrences, passage_words, $8
  from unnest($2::bigint[], $3::smallint[], $4::smallint[], $5::text[], $6::text[])
       as read (seq, passage, passage_words, lexemes, times)
 cross join lateral unnest(string_to_array(lexemes, $7), string_to_array(times, ' ')::smallint[])
       as term (lexeme, occurrences)
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
SEPARATOR = "\x1f"
"""White space to the text layer: no term has it."""


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
    await connection.execute(
        INDEX_ANEW if anew else INDEX,
        conversation_id,
        [seq for seq, _, _ in cut],
        [number for _, number, _ in cut],
        [min(terms.words, MOST_COUNTED) for _, _, terms in cut],
        [SEPARATOR.join(terms.counts) for _, _, terms in cut],
        [" ".join(map(_counted, terms.counts.values())) for _, _, terms in cut],
        SEPARATOR,
        VERSION,
    )
    await _learn(connection, conversation_id, [terms for _, _, terms in cut])
    return Indexed(passages=len(cut), words=sum(terms.words for _, _, terms in cut))


async def _learn(
    connection: "Connection", conversation_id: ConversationId, read: Sequence[Terms]
) -> None:
    words: set[str] = set().union(*(terms.vocabulary for terms in read))
    await connection.execute(LEARN, conversation_id, sorted(words))


def _counted(times: int) -> str:
    return str(min(times, MOST_COUNTED))
