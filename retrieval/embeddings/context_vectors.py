"""Context vectors (smoothed = true): inserted once all neighbours mixed into them are embedded."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from retrieval.embedders.protocol import Embeddings
from retrieval.embeddings.rows import locked_conversation, store_context_vectors
from retrieval.embeddings.smoothing import (
    REACH_BACK,
    REACH_FORWARD,
    MessageState,
    neighbours,
    smoothed,
)
from retrieval.store.conversations import conversation_ids
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

COMPLETED_AT_ONCE = 500


async def complete_around(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    seqs: Iterable[int],
    *,
    quiet: timedelta,
) -> None:
    """Insert the context vectors that `seqs` complete, their own and their neighbours'.

    Expects `locked_conversation`: the last of several writers completes the messages in between.
    """
    touched = {seq + step for seq in seqs for step in range(-REACH_FORWARD, REACH_BACK + 1)}
    await _complete(connection, conversation_id, model_id, touched, quiet=quiet)


# Scalar subqueries: a `not exists` would become a join, planned by statistics out of date.
INCOMPLETE = """
select own.seq
  from message_embedding own
 where own.conversation_id = $1 and own.model_id = $2 and own.smoothed = false
   and own.passage = 0 and own.seq > $3
   and (select true
          from message_embedding context
         where context.conversation_id = $1 and context.model_id = $2 and context.smoothed = true
           and context.seq = own.seq and context.passage = 0) is null
 order by own.seq
 limit $4
"""


async def complete_conversation(
    db: "Database", *, conversation_id: ConversationId, model_id: int, quiet: timedelta
) -> None:
    """Insert every missing context vector whose neighbours are known; the last after `quiet`."""
    after = 0
    while rows := await db.fetch(INCOMPLETE, conversation_id, model_id, after, COMPLETED_AT_ONCE):
        seqs = {row["seq"] for row in rows}
        async with locked_conversation(db, conversation_id) as connection:
            await _complete(connection, conversation_id, model_id, seqs, quiet=quiet)
        after = rows[-1]["seq"]


async def complete_all(db: "Database", *, model_id: int, quiet: timedelta) -> None:
    for conversation_id in await conversation_ids(db):
        await complete_conversation(
            db, conversation_id=conversation_id, model_id=model_id, quiet=quiet
        )


QUIET_TAILS = """
select conversation_id
  from conversation c
 where (select stored_at
          from message
         where message.conversation_id = c.conversation_id and message.seq = c.last_seq)
       < now() - $2::interval
   and (select true
          from message_embedding own
         where own.conversation_id = c.conversation_id and own.model_id = $1
           and own.smoothed = false and own.seq = c.last_seq and own.passage = 0)
   and (select true
          from message_embedding context
         where context.conversation_id = c.conversation_id and context.model_id = $1
           and context.smoothed = true and context.seq = c.last_seq and context.passage = 0) is null
"""


async def quiet_tails(db: "Database", *, model_id: int, quiet: timedelta) -> list[ConversationId]:
    """Conversations older than `quiet` whose last message has no context vector."""
    return [ConversationId(row[0]) for row in await db.fetch(QUIET_TAILS, model_id, quiet)]


async def _complete(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    seqs: set[int],
    *,
    quiet: timedelta,
) -> None:
    messages = await _states(
        connection, conversation_id, model_id, _within_reach(seqs), quiet=quiet
    )
    mixed_in = {seq: neighbours(messages, seq) for seq in seqs if seq in messages}
    ready = {seq: others for seq, others in mixed_in.items() if others is not None}
    needed = {*ready, *(other for others in ready.values() for other, _ in others)}
    # Read back as halfvec: a context vector must not depend on which batch its neighbours came in.
    rows = await _rows(connection, conversation_id, model_id, needed)
    made = {
        seq: smoothed(
            rows[seq],
            words=messages[seq].words,
            mixed_in=[(rows[other], weight) for other, weight in others if other in rows],
        )
        for seq, others in ready.items()
        if seq in rows
    }
    await store_context_vectors(connection, conversation_id, model_id, made)


STATES = """
select seq, created_at, word_count, stored_at < now() - $4::interval as quiet,
       seq = any(array(
           select seq
             from embedding_job
            where conversation_id = $1 and model_id = $2 and seq = any($3)
              and failure is null)) as pending
  from message
 where conversation_id = $1 and seq = any($3)
"""


async def _states(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    seqs: set[int],
    *,
    quiet: timedelta,
) -> dict[int, MessageState]:
    rows = await connection.fetch(STATES, conversation_id, model_id, list(seqs), quiet)
    return {
        row["seq"]: MessageState(row["created_at"], row["word_count"], row["pending"], row["quiet"])
        for row in rows
    }


ROWS = """
select seq, embedding
  from message_embedding
 where conversation_id = $1 and model_id = $2 and smoothed = false and seq = any($3)
 order by seq, passage
"""


async def _rows(
    connection: "Connection", conversation_id: ConversationId, model_id: int, seqs: set[int]
) -> dict[int, Embeddings]:
    found = defaultdict(list)
    for row in await connection.fetch(ROWS, conversation_id, model_id, list(seqs)):
        found[row["seq"]].append(row["embedding"].to_numpy())
    return {seq: np.stack(rows).astype(np.float32) for seq, rows in found.items()}


def _within_reach(seqs: set[int]) -> set[int]:
    return {seq + step for seq in seqs for step in range(-REACH_BACK, REACH_FORWARD + 1)}
