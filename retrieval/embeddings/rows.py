"""Rows of message_embedding: inserted once, never updated.

Context vectors are replaced where a message arrives late between others.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pgvector import HalfVector

from retrieval.database.connection import transaction
from retrieval.embedders.protocol import Embeddings
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

VECTOR_TAIL = 64
"""Vectors of so many of the newest messages may come unannounced: who keeps vectors in memory asks
for these each time. Others raise the conversation's `vectors_version`."""

Rows = Mapping[int, Embeddings]
"""By seq: one row per passage."""


NO_WAIT_FOR_DISK = """
set local synchronous_commit = off
"""

LOCK_CONVERSATION = """
select 1 from conversation where conversation_id = $1 for no key update
"""


@asynccontextmanager
async def locked_conversation(
    db: "Database", conversation_id: ConversationId
) -> AsyncIterator["Connection"]:
    """A transaction that holds the conversation's lock for writing embeddings.

    Commits asynchronously: a power failure loses rows and the end of their jobs together.
    """
    async with transaction(db) as connection:
        await connection.execute(NO_WAIT_FOR_DISK)
        await connection.execute(LOCK_CONVERSATION, conversation_id)
        yield connection


RAISE_VECTORS_VERSION = """
update conversation set vectors_version = vectors_version + 1 where conversation_id = $1
"""


async def raise_vectors_version(connection: "Connection", conversation_id: ConversationId) -> None:
    """In each transaction that removes something without raising the conversation's revision: who
    keeps it in memory reads it anew. Takes the conversation's lock."""
    await connection.execute(RAISE_VECTORS_VERSION, conversation_id)


# The statements below tell, too, where they remove rows, and where they insert some that are older
# than the tail: the conversation's lock keeps `last_seq` as they see it.
# `seq = any(…)`, here and elsewhere, bounds the index scan even with stale statistics, as after an
# import.
STORE = """
with stored as (
    insert into message_embedding (conversation_id, model_id, smoothed, seq, passage, participant,
                                   role, created_at, embedding)
    select $1, $2, false, message.seq, made.passage, message.participant, message.role,
           message.created_at, made.embedding
      from unnest($4::bigint[], $5::smallint[], $6::halfvec[]) as made (seq, passage, embedding)
      join message
        on message.conversation_id = $1 and message.seq = any($4) and message.seq = made.seq
    on conflict do nothing
    returning seq),
announced as (
    update conversation set vectors_version = vectors_version + 1
     where conversation_id = $1 and (select min(seq) from stored) <= last_seq - $7)
delete from embedding_job
 where conversation_id = $1 and model_id = $2 and seq = any($3)
"""


async def store_embeddings(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    made: Rows,
    *,
    ended: Iterable[int],
) -> None:
    """Deletes the jobs of `ended`, too. Skips known rows and deleted messages: safe to repeat."""
    await connection.execute(
        STORE, conversation_id, model_id, list(ended), *columns(made), VECTOR_TAIL
    )


INSERT_CONTEXT_VECTORS = """
with stored as (
    insert into message_embedding (conversation_id, model_id, smoothed, seq, passage, participant,
                                   role, created_at, embedding)
    select $1, $2, true, message.seq, made.passage, message.participant, message.role,
           message.created_at, made.embedding
      from unnest($3::bigint[], $4::smallint[], $5::halfvec[]) as made (seq, passage, embedding)
      join message
        on message.conversation_id = $1 and message.seq = any($3) and message.seq = made.seq
    on conflict do nothing
    returning seq)
update conversation set vectors_version = vectors_version + 1
 where conversation_id = $1 and (select min(seq) from stored) <= last_seq - $6
"""


async def store_context_vectors(
    connection: "Connection", conversation_id: ConversationId, model_id: int, made: Rows
) -> None:
    """Insert context vectors, and their binary codes where the codes already reach that far."""
    await connection.execute(
        INSERT_CONTEXT_VECTORS, conversation_id, model_id, *columns(made), VECTOR_TAIL
    )
    await connection.execute(ADD_LATE_CODES, conversation_id, model_id, list(made))


DROP_OUTDATED = """
with outdated as (
    delete from message_embedding stored
     using unnest($3::bigint[], $4::smallint[], $5::halfvec[]) as made (seq, passage, embedding)
     where stored.conversation_id = $1 and stored.model_id = $2 and stored.smoothed = true
       and stored.seq = any($3) and stored.seq = made.seq and stored.passage = made.passage
       and stored.embedding <> made.embedding
    returning stored.seq, stored.passage),
announced as (
    update conversation set vectors_version = vectors_version + 1
     where conversation_id = $1 and exists (select from outdated))
delete from message_code code
 using outdated
 where code.conversation_id = $1 and code.model_id = $2 and code.seq = any($3)
   and code.seq = outdated.seq and code.passage = outdated.passage
"""


async def drop_outdated(
    connection: "Connection", conversation_id: ConversationId, model_id: int, made: Rows
) -> None:
    """Delete the context vectors that differ from those made, and their binary codes.

    An HNSW index that holds one takes its successor in at once: a few a late stretch of messages.
    """
    if made:
        await connection.execute(DROP_OUTDATED, conversation_id, model_id, *columns(made))


# Below `coded_to` the background coder does not come back.
ADD_LATE_CODES = """
insert into message_code (conversation_id, model_id, seq, passage, participant, role, created_at,
                          code)
select conversation_id, model_id, seq, passage, participant, role, created_at,
       binary_quantize(embedding)
  from message_embedding
 where conversation_id = $1 and model_id = $2 and smoothed = true and seq = any($3)
   and seq <= (select coded_to from prepared_part where conversation_id = $1 and model_id = $2)
on conflict do nothing
"""


def columns(made: Rows) -> tuple[list[int], list[int], list[HalfVector]]:
    places = [(seq, passage) for seq, rows in made.items() for passage in range(len(rows))]
    vectors = [HalfVector(row) for rows in made.values() for row in rows]
    return [seq for seq, _ in places], [passage for _, passage in places], vectors
