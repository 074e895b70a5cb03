"""Context vectors (smoothed = true): inserted once all neighbours mixed into them are embedded."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from retrieval.embedders.protocol import Embeddings
from retrieval.embeddings.rows import drop_outdated, locked_conversation, store_context_vectors
from retrieval.embeddings.smoothing import (
    REACH_BACK,
    REACH_FORWARD,
    MessageState,
    neighbours,
    smoothed,
)
from retrieval.store.conversations import conversation_ids
from retrieval.store.timeline import Around, around_in_order, positions, said_around
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

COMPLETED_AT_ONCE = 500
QUIET = timedelta(minutes=1)
"""So long the newest message waits for a successor to be mixed in."""


async def complete_around(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    seqs: Iterable[int],
    *,
    quiet: timedelta,
) -> None:
    """Insert the context vectors that `seqs` complete, their own and their neighbours'.

    Those that were made before a message arrived late between their neighbours are made anew.
    Expects `locked_conversation`: the last of several writers completes the messages in between.
    """
    reach = (REACH_FORWARD, REACH_BACK)
    await _complete(connection, conversation_id, model_id, seqs, mixing_in=reach, quiet=quiet)


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
        seqs = [row["seq"] for row in rows]
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
         where message.conversation_id = c.conversation_id and message.seq = c.newest_seq)
       < now() - $2::interval
   and (select true
          from message_embedding own
         where own.conversation_id = c.conversation_id and own.model_id = $1
           and own.smoothed = false and own.seq = c.newest_seq and own.passage = 0)
   and (select true
          from message_embedding context
         where context.conversation_id = c.conversation_id and context.model_id = $1
           and context.smoothed = true and context.seq = c.newest_seq and context.passage = 0)
       is null
"""


async def quiet_tails(db: "Database", *, model_id: int, quiet: timedelta) -> list[ConversationId]:
    """Conversations older than `quiet` whose newest message has no context vector."""
    return [ConversationId(row[0]) for row in await db.fetch(QUIET_TAILS, model_id, quiet)]


@dataclass(frozen=True)
class _Arrival:
    in_order: bool
    newest_seq: int


async def _complete(
    connection: "Connection",
    conversation_id: ConversationId,
    model_id: int,
    seqs: Iterable[int],
    *,
    mixing_in: tuple[int, int] = (0, 0),
    quiet: timedelta,
) -> None:
    """Of `seqs`, and of so many messages before and after each, which mix it in."""
    arrival = await _arrival(connection, conversation_id)
    near = await _near(connection, conversation_id, arrival, seqs, mixing_in)
    back, forward = mixing_in
    wanted = {
        seq
        for own, around in near.items()
        for seq in (own, *around.before[:back], *around.after[:forward])
    }
    position = positions(near)
    # What may be made anew need not wait for a successor.
    wait = quiet if arrival.in_order else timedelta(0)
    messages = await _states(connection, conversation_id, model_id, position, quiet=wait)
    ready = _ready(messages, wanted, position)
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
    if not arrival.in_order:
        await drop_outdated(connection, conversation_id, model_id, made)
    await store_context_vectors(connection, conversation_id, model_id, made)


ARRIVAL = """
select in_order, newest_seq from conversation where conversation_id = $1
"""


async def _arrival(connection: "Connection", conversation_id: ConversationId) -> _Arrival:
    row = await connection.fetchrow(ARRIVAL, conversation_id)
    return _Arrival(**dict(row)) if row is not None else _Arrival(in_order=True, newest_seq=0)


async def _near(
    connection: "Connection",
    conversation_id: ConversationId,
    arrival: _Arrival,
    seqs: Iterable[int],
    mixing_in: tuple[int, int],
) -> dict[int, Around]:
    """What the context vectors of `seqs`, and of the messages that mix them in, depend on."""
    before, after = mixing_in[0] + REACH_BACK, mixing_in[1] + REACH_FORWARD
    if arrival.in_order:
        return around_in_order(seqs, before=before, after=after)
    # The newest, too: what else is embedded after it has come late, and it need not wait any more.
    late = {*seqs, arrival.newest_seq}
    return await said_around(connection, conversation_id, late, before=before, after=after)


def _ready(
    messages: Mapping[int, MessageState], wanted: set[int], position: Mapping[int, int]
) -> dict[int, list[tuple[int, float]]]:
    """The neighbours to mix in, by seq, of those wanted whose neighbours are all known."""
    seq_at = {position[seq]: seq for seq in messages}
    in_reading_order = {position[seq]: state for seq, state in messages.items()}
    ready = {}
    for seq in wanted & messages.keys():
        others = neighbours(in_reading_order, position[seq])
        if others is not None:
            ready[seq] = [(seq_at[other], weight) for other, weight in others]
    return ready


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
    seqs: Iterable[int],
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
