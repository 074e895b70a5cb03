"""What is stored about messages, apart from words and vectors, that their score needs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.search import packed
from retrieval.search.arrays import Flags, Floats, Integers
from retrieval.search.filters import Filters
from retrieval.search.people import About
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record


@dataclass(frozen=True)
class Facts:
    """Aligned columns in reading order."""

    seq: Integers
    spoken_at: Floats
    """Seconds since 1970."""
    speaker: Integers
    """Equal numbers mean equal participants."""
    traits: Integers
    words: Integers
    """White-space separated words of the message."""
    speaker_fit: Integers
    """1: said by whom the query is about; -1: by the assistant, when it is about a person."""
    allowed: Flags
    """Whether the request's filters let the message be a hit."""


FACTS_OF_ALL = """
select array_send(array_agg(seq order by seq)) as seq,
       array_send(array_agg(date_part('epoch', created_at) order by seq)) as spoken_at,
       array_send(array_agg(hashtext(participant) order by seq)) as speaker,
       array_send(array_agg(traits::integer order by seq)) as traits,
       array_send(array_agg(word_count order by seq)) as words,
       array_send(array_agg(case when participant = any($2::text[]) or role = $3 then 1
                                 when role = 'assistant' and cardinality($2::text[]) > 0 then -1
                                 else 0 end order by seq)) as speaker_fit,
       array_send(array_agg((
           ($4::timestamptz is null or created_at >= $4)
           and ($5::timestamptz is null or created_at < $5)
           and ($6::text[] is null or participant = any($6))
           and ($7::text[] is null or role = any($7))
           and seq <> all($8::bigint[]))::integer order by seq)) as allowed
  from message
 where conversation_id = $1
"""


async def facts_of_all(
    db: "Database",
    *,
    conversation_id: ConversationId,
    about: About,
    filters: Filters,
) -> Facts:
    """Of every message of a small conversation."""
    row = await db.fetchrow(
        FACTS_OF_ALL, conversation_id, *about.parameters(), *filters.parameters()
    )
    return _facts(row)


FACTS = """
select array_send(array_agg(seq order by seq)) as seq,
       array_send(array_agg(date_part('epoch', created_at) order by seq)) as spoken_at,
       array_send(array_agg(hashtext(participant) order by seq)) as speaker,
       array_send(array_agg(traits::integer order by seq)) as traits,
       array_send(array_agg(word_count order by seq)) as words,
       array_send(array_agg(case when participant = any($2::text[]) or role = $3 then 1
                                 when role = 'assistant' and cardinality($2::text[]) > 0 then -1
                                 else 0 end order by seq)) as speaker_fit,
       array_send(array_agg((
           ($4::timestamptz is null or created_at >= $4)
           and ($5::timestamptz is null or created_at < $5)
           and ($6::text[] is null or participant = any($6))
           and ($7::text[] is null or role = any($7))
           and seq <> all($8::bigint[]))::integer order by seq)) as allowed
  from message
 where conversation_id = $1 and seq = any($9)
"""


async def facts_of(
    db: "Database",
    *,
    conversation_id: ConversationId,
    about: About,
    filters: Filters,
    seqs: Integers,
) -> Facts:
    """Of the messages `seqs`; those that are gone by now are left out."""
    row = await db.fetchrow(
        FACTS, conversation_id, *about.parameters(), *filters.parameters(), seqs.tolist()
    )
    return _facts(row)


def _facts(row: "Record | None") -> Facts:
    assert row is not None  # noqa: S101 - an aggregate always has one row
    return Facts(
        seq=packed.integers(row["seq"]),
        spoken_at=packed.floats(row["spoken_at"]),
        speaker=packed.small_integers(row["speaker"]),
        traits=packed.small_integers(row["traits"]),
        words=packed.small_integers(row["words"]),
        speaker_fit=packed.small_integers(row["speaker_fit"]),
        allowed=packed.small_integers(row["allowed"]) > 0,
    )
