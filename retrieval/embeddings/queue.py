"""Queue of pending messages: claimed under a lease, released, or marked as failed."""

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
    seq: int
    attempts: int
    """Including this one."""


CONVERSATIONS = """
select conversation_id
  from embedding_job
 where model_id = $1 and failure is null and (leased_until is null or leased_until < now())
 group by conversation_id
 order by count(*)
 limit 100
"""


async def conversations(db: "Database", *, model_id: int) -> list[ConversationId]:
    """At most 100 conversations with claimable messages, fewest first: live rooms, then imports."""
    rows = await db.fetch(CONVERSATIONS, model_id)
    return [ConversationId(row["conversation_id"]) for row in rows]


# A queue's statistics are always stale. Without bitmap scans the claim reads the index in order and
# stops at its limit, whatever row count the planner expects.
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
    """The oldest claimable messages; counts an attempt for each."""
    async with transaction(db) as connection:
        await connection.execute(IN_INDEX_ORDER)
        rows = await connection.fetch(CLAIM, conversation_id, model_id, limit, lease)
    return sorted((Claim(row["seq"], row["attempts"]) for row in rows), key=lambda claim: claim.seq)


RELEASE = """
update embedding_job
   set leased_until = null, attempts = greatest(attempts - 1, 0)
 where conversation_id = $1 and model_id = $2 and seq = any($3)
"""


async def release(
    db: "Database", *, conversation_id: ConversationId, model_id: int, seqs: Sequence[int]
) -> None:
    if seqs:
        await db.execute(RELEASE, conversation_id, model_id, list(seqs))


MARK_FAILED = """
update embedding_job job
   set leased_until = null, failure = given.reason
  from unnest($3::bigint[], $4::text[]) as given (seq, reason)
 where job.conversation_id = $1 and job.model_id = $2 and job.seq = any($3)
   and job.seq = given.seq
"""


async def mark_failed(
    db: "Database", *, conversation_id: ConversationId, model_id: int, reasons: Mapping[int, str]
) -> None:
    """`reasons` by seq; these messages are not claimed any more."""
    if reasons:
        shortened = [reason[:MAX_REASON_CHARS] for reason in reasons.values()]
        await db.execute(MARK_FAILED, conversation_id, model_id, list(reasons), shortened)


RETRY_FAILED = """
update embedding_job
   set failure = null, attempts = 0, leased_until = null
 where model_id = $1 and failure is not null
"""


async def retry_failed(db: "Database", *, model_id: int) -> None:
    await db.execute(RETRY_FAILED, model_id)
