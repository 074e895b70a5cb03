"""Reads facts about messages, and their cosines with a query, in one statement."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from retrieval.columns import Integers, array_text
from retrieval.search.query.conditions import with_conditions
from retrieval.search.query.filters import Filters
from retrieval.search.query.people import About
from retrieval.search.scoring.facts import Facts, facts_of
from retrieval.search.vector.cosines import Cosines, Target, cosines_of
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record


@dataclass(frozen=True)
class Known:
    facts: Facts
    cosines: Cosines


@dataclass(frozen=True)
class Reader:
    """For one query in one conversation; without a target no cosines."""

    db: "Database"
    conversation_id: ConversationId
    about: About
    filters: Filters
    target: Target | None

    async def of_all(self) -> Known:
        listed = self.filters.listed_bits
        known = _known(await self.db.fetchrow(KNOWN_OF_ALL, *self._parameters(), listed))
        return replace(known, facts=known.facts.one_after_another())

    async def of(self, seqs: Integers, *, kinds: list[bool]) -> Known:
        """Of those that exist; `kinds` are the values of `smoothed` to compare with."""
        listed = self.filters.listed_bits
        row = await self.db.fetchrow(KNOWN, *self._parameters(), array_text(seqs), kinds, listed)
        return _known(row)

    def _parameters(self) -> tuple[Any, ...]:
        model_and_vector = self.target.parameters()[1:] if self.target else (None, None)
        return (
            self.conversation_id,
            *self.about.parameters(),
            *self.filters.parameters(),
            *model_and_vector,
        )


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


def _known(row: "Record | None") -> Known:
    assert row is not None  # noqa: S101 - aggregates always have one row
    return Known(facts_of(row), cosines_of(row))
