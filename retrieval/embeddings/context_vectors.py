"""Completes messages: a smoothed row is inserted once all that is mixed into it is known."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from retrieval.embedders.protocol import Embeddings
from retrieval.embeddings.rows import store_smoothed, writing
from retrieval.embeddings.smoothing import REACH_BACK, REACH_ON, Place, neighbours, smoothed
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

SEALED_AT_ONCE = 500


async def seal_around(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    seqs: Iterable[int],
    *,
    quiet: timedelta,
) -> None:
    """Complete every message that was waiting for one of `seqs`, and these themselves.

    Whoever calls is `writing`: so writers of one conversation see each other's rows, and the last
    one completes the messages between.
    """
    touched = {seq + step for seq in seqs for step in range(-REACH_ON, REACH_BACK + 1)}
    await _seal(connection, conversation_id, model_id, touched, quiet=quiet)


# Scalar subqueries: a `not exists` would become a join, planned by statistics out of date.
UNSEALED = """
select alone.seq
  from message_embedding alone
 where alone.conversation_id = $1 and alone.model_id = $2 and alone.smoothed = false
   and alone.passage = 0 and alone.seq > $3
   and (select true
          from message_embedding sealed
         where sealed.conversation_id = $1 and sealed.model_id = $2 and sealed.smoothed = true
           and sealed.seq = alone.seq and sealed.passage = 0) is null
 order by alone.seq
 limit $4
"""


async def seal_conversation(
    db: "Database", *, conversation_id: ConversationId, model_id: int, quiet: timedelta
) -> None:
    """Complete every message that can be: the last one after a quiet while, any left behind."""
    after = 0
    while rows := await db.fetch(UNSEALED, conversation_id, model_id, after, SEALED_AT_ONCE):
        seqs = {row["seq"] for row in rows}
        async with writing(db, conversation_id) as connection:
            await _seal(connection, conversation_id, model_id, seqs, quiet=quiet)
        after = rows[-1]["seq"]


CONVERSATIONS = """
select conversation_id from conversation
"""


async def seal_all(db: "Database", *, model_id: int, quiet: timedelta) -> None:
    """Complete every message of every conversation that can be."""
    for row in await db.fetch(CONVERSATIONS):
        await seal_conversation(
            db, conversation_id=row["conversation_id"], model_id=model_id, quiet=quiet
        )


QUIET_TAILS = """
select conversation_id
  from conversation c
 where (select stored_at
          from message
         where message.conversation_id = c.conversation_id and message.seq = c.last_seq)
       < now() - $2::interval
   and (select true
          from message_embedding alone
         where alone.conversation_id = c.conversation_id and alone.model_id = $1
           and alone.smoothed = false and alone.seq = c.last_seq and alone.passage = 0)
   and (select true
          from message_embedding sealed
         where sealed.conversation_id = c.conversation_id and sealed.model_id = $1
           and sealed.smoothed = true and sealed.seq = c.last_seq and sealed.passage = 0) is null
"""


async def quiet_tails(db: "Database", *, model_id: int, quiet: timedelta) -> list[ConversationId]:
    """Conversations whose last message still waits for a successor though all has been quiet."""
    return [ConversationId(row[0]) for row in await db.fetch(QUIET_TAILS, model_id, quiet)]


async def _seal(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    seqs: set[int],
    *,
    quiet: timedelta,
) -> None:
    places = await _places(connection, conversation_id, model_id, _within_reach(seqs), quiet=quiet)
    chosen = {seq: neighbours(places, seq) for seq in seqs if seq in places}
    ready = {seq: others for seq, others in chosen.items() if others is not None}
    wanted = {*ready, *(other for others in ready.values() for other, _ in others)}
    # Read back from the database, so that a smoothed row is the same whether its neighbours came
    # with it or long before.
    rows = await _rows(connection, conversation_id, model_id, wanted)
    made = {
        seq: smoothed(
            rows[seq],
            words=places[seq].words,
            mixed_in=[(rows[other], weight) for other, weight in others if other in rows],
        )
        for seq, others in ready.items()
        if seq in rows
    }
    await store_smoothed(connection, conversation_id, model_id, made)


PLACES = """
select seq, created_at, word_count, stored_at < now() - $4::interval as quiet,
       seq = any(array(
           select seq
             from embedding_job
            where conversation_id = $1 and model_id = $2 and seq = any($3)
              and failure is null)) as waiting
  from message
 where conversation_id = $1 and seq = any($3)
"""


async def _places(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    seqs: set[int],
    *,
    quiet: timedelta,
) -> dict[int, Place]:
    rows = await connection.fetch(PLACES, conversation_id, model_id, list(seqs), quiet)
    return {
        row["seq"]: Place(row["created_at"], row["word_count"], row["waiting"], row["quiet"])
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
    return {seq + step for seq in seqs for step in range(-REACH_BACK, REACH_ON + 1)}
