"""Reads facts about messages, and their cosines with a query, in one statement."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from retrieval import columns
from retrieval.columns import Integers, array_text
from retrieval.search.scoring.facts import Facts, facts_of
from retrieval.search.source import Known, Sought
from retrieval.search.stored.conditions import (
    about_parameters,
    filter_parameters,
    listed_bits,
    target_parameters,
    with_conditions,
)
from retrieval.search.vector.cosines import Cosines
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record


# Small numbers share a column: collecting a value of a row costs as much as reading the row does.
_KNOWN = """
select facts.*, cosines.*
  from (select array_send(array_agg(seq order by seq)) as seq,
               array_send(array_agg(created_at order by seq)) as spoken_at,
               array_send(array_agg(hashtext(participant) order by seq)) as speaker,
               array_send(array_agg(word_count order by seq)) as words,
               array_send(array_agg(
                   traits * 8
                   + case when participant = any($2::text[]) or role = $3 then 4
                          when role = 'assistant' and cardinality($2::text[]) > 0 then 0
                          else 2 end
                   + {allowed}::integer order by seq)) as marks
          from message
         where conversation_id = $1 and {messages}) facts
 cross join
       (select array_send(array_agg(
                   seq * 131072 + passage * 2 + smoothed::integer)) as compared,
               array_send(array_agg(embedding <#> $10)) as distance
          from message_embedding
         where conversation_id = $1 and model_id = $9 and {embeddings}) cosines
"""

KNOWN_OF_ALL = with_conditions(
    _KNOWN.replace("{messages}", "true").replace("{embeddings}", "true"), listed="$11"
)

# The array as a subquery: the planner would weigh each of hundreds of numbers.
_OF_SEQS = "seq = any((select $11::text::bigint[])::bigint[])"
KNOWN = with_conditions(
    _KNOWN.replace("{messages}", _OF_SEQS).replace(
        "{embeddings}", f"smoothed = any($12::boolean[]) and {_OF_SEQS}"
    ),
    listed="$13",
)


async def read_known_of_all(
    db: "Database", conversation_id: ConversationId, sought: Sought
) -> Known:
    listed = listed_bits(sought.filters)
    row = await db.fetchrow(KNOWN_OF_ALL, conversation_id, *_parameters(sought), listed)
    known = _known(row)
    return replace(known, facts=known.facts.one_after_another())


async def read_known(
    db: "Database",
    conversation_id: ConversationId,
    sought: Sought,
    *,
    seqs: Integers,
    kinds: Sequence[bool],
) -> Known:
    row = await db.fetchrow(
        KNOWN,
        conversation_id,
        *_parameters(sought),
        array_text(seqs),
        [*kinds],
        listed_bits(sought.filters),
    )
    return _known(row)


def _parameters(sought: Sought) -> tuple[Any, ...]:
    target = sought.target
    return (
        *about_parameters(sought.about),
        *filter_parameters(sought.filters),
        *(target_parameters(target)[1:] if target else (None, None)),
    )


def _known(row: "Record | None") -> Known:
    assert row is not None  # noqa: S101 - aggregates always have one row
    return Known(_facts(row), _cosines(row))


def _facts(row: "Record") -> Facts:
    marks = columns.small_integers(row["marks"])
    return facts_of(
        seq=columns.integers(row["seq"]),
        said=columns.integers(row["spoken_at"]),
        speaker=columns.small_integers(row["speaker"]),
        traits=marks >> 3,
        words=columns.small_integers(row["words"]),
        speaker_fit=(marks >> 1 & 3) - 1,
        allowed=(marks & 1) > 0,
    )


def _cosines(row: "Record") -> Cosines:
    compared = columns.integers(row["compared"])
    return Cosines(
        seq=compared >> 17,
        passage=compared >> 1 & 0xFFFF,
        smoothed=(compared & 1) > 0,
        cosine=-columns.floats(row["distance"]),
    )
