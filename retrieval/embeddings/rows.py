"""Rows of embeddings beside their messages: written in one go, never changed afterwards."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pgvector import HalfVector

from retrieval.database.connection import transaction
from retrieval.embedders.protocol import Embeddings
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

Rows = Mapping[int, Embeddings]
"""By seq: one row per passage."""


NO_WAIT_FOR_DISK = """
set local synchronous_commit = off
"""

LOCK_CONVERSATION = """
select 1 from conversation where conversation_id = $1 for no key update
"""


@asynccontextmanager
async def writing(db: "Database", conversation_id: ConversationId) -> AsyncIterator["Connection"]:
    """A transaction that is alone in writing rows of this conversation.

    It does not wait for the disk: what a power failure takes is pending again, because the end of
    its jobs is lost with it.
    """
    async with transaction(db) as connection:
        await connection.execute(NO_WAIT_FOR_DISK)
        await connection.execute(LOCK_CONVERSATION, conversation_id)
        yield connection


# Here and elsewhere `seq = any(…)` bounds what is read from an index whatever the statistics say,
# which are out of date exactly when much has just been imported.
STORE = """
with stored as (
    insert into message_embedding (conversation_id, model_id, smoothed, seq, passage, participant,
                                   role, created_at, embedding)
    select $1, $2, false, message.seq, made.passage, message.participant, message.role,
           message.created_at, made.embedding
      from unnest($4::bigint[], $5::smallint[], $6::halfvec[]) as made (seq, passage, embedding)
      join message
        on message.conversation_id = $1 and message.seq = any($4) and message.seq = made.seq
    on conflict do nothing)
delete from embedding_job
 where conversation_id = $1 and model_id = $2 and seq = any($3)
"""


async def store(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    made: Rows,
    *,
    ended: Iterable[int],
) -> None:
    """Store the embeddings of messages, and end the jobs of the messages `ended`.

    What is already there stays as it is; a message that is gone is passed over.
    """
    await connection.execute(STORE, conversation_id, model_id, list(ended), *columns(made))


INSERT_SMOOTHED = """
insert into message_embedding (conversation_id, model_id, smoothed, seq, passage, participant,
                               role, created_at, embedding)
select $1, $2, true, message.seq, made.passage, message.participant, message.role,
       message.created_at, made.embedding
  from unnest($3::bigint[], $4::smallint[], $5::halfvec[]) as made (seq, passage, embedding)
  join message
    on message.conversation_id = $1 and message.seq = any($3) and message.seq = made.seq
on conflict do nothing
"""


async def store_smoothed(
    connection: "Connection", conversation_id: ConversationId, model_id: int, made: Rows
) -> None:
    """Store the smoothed embeddings of messages; what is already there stays as it is."""
    await connection.execute(INSERT_SMOOTHED, conversation_id, model_id, *columns(made))
    await connection.execute(CODE_LATECOMERS, conversation_id, model_id, list(made))


# Where the codes of a large conversation have already come further, nobody else would add these.
CODE_LATECOMERS = """
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
    """Seqs, passage numbers and vectors, row by row."""
    places = [(seq, passage) for seq, rows in made.items() for passage in range(len(rows))]
    vectors = [HalfVector(row) for rows in made.values() for row in rows]
    return [seq for seq, _ in places], [passage for _, passage in places], vectors
