"""Rooms indexed by an older text layer are indexed anew, while they are searched and written.

Entries are overwritten batch by batch, so that a search finds every message by its old terms, its
new ones, or both; what the new layer no longer stores is deleted at the end. After a kill it goes
on where it was.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.database.connection import transaction
from retrieval.store.indexes.lexical_index import index_messages
from retrieval.text.analysis import analysed
from retrieval.text.terms.stored import VERSION
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

BATCH_MESSAGES = 500
BATCH_DELETED = 20_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outdated:
    conversation_id: ConversationId
    messages: int
    """To be indexed anew."""


OUTDATED = """
select c.conversation_id, c.last_seq - coalesce(p.done_to, 0) as messages
  from conversation c
  left join reindexed_part p on p.conversation_id = c.conversation_id and p.version = $1
 where c.text_version < $1
 order by messages, c.conversation_id
"""


async def outdated(db: "Database") -> list[Outdated]:
    """Conversations of an older text layer, the smallest first."""
    rows = await db.fetch(OUTDATED, VERSION)
    return [Outdated(ConversationId(row["conversation_id"]), row["messages"]) for row in rows]


async def reindex(
    db: "Database",
    conversation_id: ConversationId,
    *,
    on_indexed: Callable[[int], object] = lambda _: None,
) -> None:
    """Safe to run in several processes; `on_indexed` gets the number of messages of each batch."""
    while (indexed := await _next_batch(db, conversation_id)) is not None:
        on_indexed(indexed)
    await _delete_old_entries(db, conversation_id)
    async with transaction(db) as connection:
        await connection.execute(FINISH, conversation_id, VERSION)
        await connection.execute(FORGET, conversation_id)


class Reindexing:
    """Indexes outdated rooms anew in the background of a backend."""

    def __init__(self, db: "Database") -> None:
        self._db = db

    async def run(self) -> None:
        """Returns when no room is left."""
        for one in await outdated(self._db):
            await reindex(self._db, one.conversation_id)
            logger.info("room indexed anew", extra={"conversation_id": str(one.conversation_id)})


LOCK = """
select language, last_seq, word_count
  from conversation
 where conversation_id = $1 and text_version < $2
   for update
"""

BEGIN = """
insert into reindexed_part (conversation_id, version, last_seq, words_before)
values ($1, $2, $3, $4)
    on conflict (conversation_id) do update
   set version = excluded.version, done_to = 0, words = 0, last_seq = excluded.last_seq,
       words_before = excluded.words_before
 where reindexed_part.version <> excluded.version
"""

PART = """
select done_to, last_seq from reindexed_part where conversation_id = $1
"""

MESSAGES = """
select seq, participant, content
  from message
 where conversation_id = $1 and seq > $2 and seq <= $3
 order by seq
 limit $4
"""

ADVANCE = """
update reindexed_part set done_to = $2, words = words + $3 where conversation_id = $1
"""


@dataclass(frozen=True)
class _Message:
    seq: int
    participant: str
    content: str


async def _next_batch(db: "Database", conversation_id: ConversationId) -> int | None:
    """None if no messages are left, or the conversation is gone or up to date."""
    async with transaction(db) as connection:
        conversation = await connection.fetchrow(LOCK, conversation_id, VERSION)
        if conversation is None:
            return None
        await connection.execute(
            BEGIN,
            conversation_id,
            VERSION,
            conversation["last_seq"],
            conversation["word_count"],
        )
        part = await connection.fetchrow(PART, conversation_id)
        assert part is not None  # noqa: S101 - just inserted
        rows = await connection.fetch(
            MESSAGES, conversation_id, part["done_to"], part["last_seq"], BATCH_MESSAGES
        )
        if not rows:
            return None
        messages = [_Message(*row) for row in rows]
        done = await index_messages(
            connection,
            conversation_id=conversation_id,
            seqs=[message.seq for message in messages],
            analyses=await analysed(messages, language=conversation["language"]),
            anew=True,
        )
        await connection.execute(ADVANCE, conversation_id, rows[-1]["seq"], done.words)
        return len(rows)


OLD_ENTRIES = """
with old as (
    select lexeme, seq, passage
      from message_term
     where conversation_id = $1 and version < $2 and lexeme >= $3
     order by lexeme, seq, passage
     limit $4
), deleted as (
    delete from message_term
     using old
     where message_term.conversation_id = $1 and message_term.lexeme = old.lexeme
       and message_term.seq = old.seq and message_term.passage = old.passage
    returning message_term.lexeme
)
select max(lexeme) from deleted
"""


async def _delete_old_entries(db: "Database", conversation_id: ConversationId) -> None:
    last: str | None = ""
    while last is not None:
        last = await db.fetchval(OLD_ENTRIES, conversation_id, VERSION, last, BATCH_DELETED)


FINISH = """
update conversation
   set text_version = $2, word_count = word_count - part.words_before + part.words
  from reindexed_part part
 where conversation.conversation_id = $1 and part.conversation_id = $1
"""

FORGET = """
delete from reindexed_part where conversation_id = $1
"""
