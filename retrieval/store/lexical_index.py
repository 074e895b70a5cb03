"""Index entries of the lexical arm: stemmed words of each passage, and exact terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.text import exact_terms, passages
from retrieval.wire import ConversationId, Message

if TYPE_CHECKING:
    from retrieval.database.connection import Connection


@dataclass(frozen=True)
class Indexed:
    passages: int
    words: int


INDEX = """
with term as (
    select passage.seq, passage.passage, word.lexeme, cardinality(word.positions) as occurrences
      from unnest($3::bigint[], $4::smallint[], $5::text[]) as passage (seq, passage, content),
           unnest(to_tsvector($2::text::regconfig, passage.content)) as word
    union all
    select seq, passage, lexeme, 1
      from unnest($6::bigint[], $7::smallint[], $8::text[]) as exact (seq, passage, lexeme)
), added as (
    insert into message_term (conversation_id, lexeme, seq, passage, occurrences, passage_words)
    select $1, lexeme, seq, passage, occurrences,
           sum(occurrences) over (partition by seq, passage)
      from term
    returning occurrences
)
select coalesce(sum(occurrences), 0) from added
"""


async def index_messages(
    connection: "Connection",
    *,
    conversation_id: ConversationId,
    messages: Sequence[Message],
    language: str,
) -> Indexed:
    """Of new messages; the participant's name is indexed as a word."""
    cut = [
        (message.seq, number, passage, message.participant)
        for message in messages
        for number, passage in enumerate(passages.split(message.content))
    ]
    exact = [
        (seq, number, term)
        for seq, number, passage, _ in cut
        for term in exact_terms.exact_terms(passage)
    ]
    words = await connection.fetchval(
        INDEX,
        conversation_id,
        language,
        [seq for seq, _, _, _ in cut],
        [number for _, number, _, _ in cut],
        [passages.document_text(participant, passage) for _, _, passage, participant in cut],
        [seq for seq, _, _ in exact],
        [number for _, number, _ in exact],
        [term for _, _, term in exact],
    )
    return Indexed(passages=len(cut), words=words)
