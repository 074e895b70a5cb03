"""What a search must know of the conversation before it can read the query."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.errors import ConversationNotFound
from retrieval.search.tiers import Tier
from retrieval.wire import ConversationId, MessageId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

MAX_COUNTED_PENDING = 10_000
"""Counting goes no further, so that a search during a large backfill stays fast."""


@dataclass(frozen=True)
class ActiveModel:
    """The embedding model whose vectors are compared."""

    model_id: int
    name: str


@dataclass(frozen=True)
class Room:
    """Counters, the active model, the query's lexemes, and who goes by a name in the query."""

    conversation_id: ConversationId
    message_count: int
    passage_count: int
    lexeme_count: int
    last_seq: int
    participants: int
    """Counted up to a few dozen; larger rooms all count as large."""
    pending: int
    model: ActiveModel | None
    lexemes: list[str]
    names: dict[str, frozenset[str]]
    excluded: list[int]
    """`seq` of the messages that the request excludes."""
    prepared: Tier


ROOM = """
select c.message_count, c.last_seq, c.passage_count, c.word_count,
       m.model_id, m.name as model_name, p.coded_to, p.graph_to,
       (select array_agg(lexeme)
          from unnest(to_tsvector(c.language::regconfig, $2))) as lexemes,
       (select count(distinct identity)
          from (select identity from participant_name where conversation_id = $1 limit 100) few)
           as participants,
       (select array_agg(name order by name, identity)
          from participant_name where conversation_id = $1 and name = any($5)) as names,
       (select array_agg(identity order by name, identity)
          from participant_name where conversation_id = $1 and name = any($5)) as identities,
       (select array_agg(seq)
          from message where conversation_id = $1 and message_id = any($3)) as excluded,
       (select count(*)
          from (select 1 from embedding_job j
                 where j.conversation_id = $1 and j.model_id = m.model_id limit $4) few) as pending
  from conversation c
  left join embedding_model m on m.state = 'active'
  left join prepared_part p on p.conversation_id = c.conversation_id and p.model_id = m.model_id
 where c.conversation_id = $1
"""


async def read_room(
    db: "Database",
    *,
    conversation_id: ConversationId,
    query: str,
    possible_names: Sequence[str],
    exclude_ids: Sequence[MessageId],
) -> Room:
    """Raises ConversationNotFound."""
    row = await db.fetchrow(
        ROOM, conversation_id, query, [*exclude_ids], MAX_COUNTED_PENDING, [*possible_names]
    )
    if row is None:
        raise ConversationNotFound(conversation_id)
    return _room(row, conversation_id=conversation_id)


def _room(row: "Record", *, conversation_id: ConversationId) -> Room:
    has_model = row["model_id"] is not None
    return Room(
        conversation_id=conversation_id,
        message_count=row["message_count"],
        passage_count=row["passage_count"],
        lexeme_count=row["word_count"],
        last_seq=row["last_seq"],
        participants=row["participants"],
        pending=row["pending"] if has_model else row["message_count"],
        model=ActiveModel(row["model_id"], row["model_name"]) if has_model else None,
        lexemes=row["lexemes"] or [],
        names=_names(row["names"] or [], row["identities"] or []),
        excluded=row["excluded"] or [],
        prepared=Tier(row["coded_to"] or 0, row["graph_to"] or 0),
    )


def _names(names: Sequence[str], identities: Sequence[str]) -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name, identity in zip(names, identities, strict=True):
        found[name].add(identity)
    return {name: frozenset(people) for name, people in found.items()}
