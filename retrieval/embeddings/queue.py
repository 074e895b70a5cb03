"""Messages that wait for their embedding: claimed for a while, given back, or given up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from retrieval.database.connection import transaction
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

MAX_REASON_CHARS = 500


@dataclass(frozen=True)
class Claim:
    """A message that nobody else embeds until the lease ends; this is its n-th attempt."""

    seq: int
    attempts: int


CONVERSATIONS = """
select conversation_id
  from embedding_job
 where model_id = $1 and failure is null and (leased_until is null or leased_until < now())
 group by conversation_id
 order by count(*)
 limit 100
"""


async def conversations(db: "Database", *, model_id: int) -> list[ConversationId]:
    """Some conversations with messages to claim, those with the fewest first.

    A live room so comes before an import of a hundred thousand messages.
    """
    rows = await db.fetch(CONVERSATIONS, model_id)
    return [ConversationId(row["conversation_id"]) for row in rows]


# The statistics of a queue are always out of date. Without bitmap scans the claim reads the index
# in order and stops at its limit, however few rows the planner believes in.
IN_INDEX_ORDER = """
set local enable_bitmapscan = off
"""

CLAIM = """
update embedding_job
   set leased_until = now() + $4::interval, attempts = attempts + 1
 where conversation_id = $1 and model_id = $2 and seq = any(array(
       select seq
         from embedding_job
        where conversation_id = $1 and model_id = $2 and failure is null
          and (leased_until is null or leased_until < now())
        order by seq
        limit $3
          for update skip locked))
returning seq, attempts
"""


async def claim(
    db: "Database",
    *,
    conversation_id: ConversationId,
    model_id: int,
    limit: int,
    lease: timedelta,
) -> list[Claim]:
    """The oldest messages of the conversation that nobody holds. Counts an attempt for each."""
    async with transaction(db) as connection:
        await connection.execute(IN_INDEX_ORDER)
        rows = await connection.fetch(CLAIM, conversation_id, model_id, limit, lease)
    return sorted((Claim(row["seq"], row["attempts"]) for row in rows), key=lambda claim: claim.seq)


GIVE_BACK = """
update embedding_job
   set leased_until = null, attempts = greatest(attempts - 1, 0)
 where conversation_id = $1 and model_id = $2 and seq = any($3)
"""


async def give_back(
    db: "Database", *, conversation_id: ConversationId, model_id: int, seqs: Sequence[int]
) -> None:
    """End the claim as if it had not been: others may take them at once."""
    if seqs:
        await db.execute(GIVE_BACK, conversation_id, model_id, list(seqs))


GIVE_UP = """
update embedding_job job
   set leased_until = null, failure = given.reason
  from unnest($3::bigint[], $4::text[]) as given (seq, reason)
 where job.conversation_id = $1 and job.model_id = $2 and job.seq = any($3)
   and job.seq = given.seq
"""


async def give_up(
    db: "Database", *, conversation_id: ConversationId, model_id: int, reasons: Mapping[int, str]
) -> None:
    """Keep each message's reason, by its seq, and claim it no more."""
    if reasons:
        shortened = [reason[:MAX_REASON_CHARS] for reason in reasons.values()]
        await db.execute(GIVE_UP, conversation_id, model_id, list(reasons), shortened)


TRY_FAILED_AGAIN = """
update embedding_job
   set failure = null, attempts = 0, leased_until = null
 where model_id = $1 and failure is not null
"""


async def try_failed_again(db: "Database", *, model_id: int) -> None:
    """Let what was given up be claimed again, as after the model's server was mended."""
    await db.execute(TRY_FAILED_AGAIN, model_id)
