"""Erases what a participant said up to now in all conversations."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import orjson

from retrieval.changes.erasure.participant import Replayed, erase_participant
from retrieval.changes.erasure.revisions import NOW
from retrieval.database.connection import transaction
from retrieval.errors import ConversationNotFound
from retrieval.store.pages.forgetting import forget_participant
from retrieval.store.tombstones import EVERYWHERE
from retrieval.wire import ConversationId, ErasureReceipt, erased_id

if TYPE_CHECKING:
    from retrieval.database.connection import Database

KNOWN = """
select erasure_id, before, completed_at is null as broken_off
  from erased_everywhere
 where identity_sha256 = $1
   for update
"""

ENTOMB = """
insert into erased_everywhere (identity_sha256, erasure_id, before)
values ($1, $2, $3)
on conflict (identity_sha256) do update
   set erasure_id = excluded.erasure_id,
       before = greatest(erased_everywhere.before, excluded.before),
       completed_at = null
"""

COMPLETE = """
update erased_everywhere set completed_at = now() where identity_sha256 = $1 and erasure_id = $2
"""

# All of these are read as a whole: no index is kept for what is asked this rarely.
CONVERSATIONS = """
select conversation_id from participant_name where identity = $1
union
select conversation_id from session where participants @> array[$1] or agent_identity = $1
union
select conversation_id from conversation_event where participant = $1 and created_at <= $2
union
select conversation_id from turn_trace where participant = $1 and asked_at <= $2
union
select conversation_id from room_epoch where agent_identity = $1
union
select conversation_id from conversation where agent_identity = $1
order by conversation_id
"""

REMOVED = """
select conversation_id, removed from erasure where erasure_id = $1 order by conversation_id
"""


async def erase_everywhere(
    db: "Database",
    *,
    identity: str,
    dry_run: bool = False,
    deadline: float | None = None,
    replayed: Replayed | None = None,
) -> ErasureReceipt:
    """Works until `deadline`, of the event loop's clock; call again for what is left."""
    erasure = await _begun(db, identity, dry_run=dry_run, replayed=replayed)
    receipts = []
    complete = True
    for row in await db.fetch(CONVERSATIONS, identity, erasure.erased_at):
        if deadline is not None and asyncio.get_running_loop().time() > deadline:
            complete = False
            break
        with suppress(ConversationNotFound):  # erased as a whole meanwhile
            receipt = await erase_participant(
                db,
                conversation_id=ConversationId(row["conversation_id"]),
                identity=identity,
                dry_run=dry_run,
                deadline=deadline,
                replayed=replayed and erasure,
                erasure_id=erasure.erasure_id,
            )
            receipts.append(receipt)
            complete = complete and receipt.complete
    if dry_run:
        return _of_all(erasure, receipts, complete=complete)
    if complete:
        await forget_participant(db, identity)
        await db.execute(COMPLETE, erased_id(EVERYWHERE, identity), erasure.erasure_id)
    return await _receipt(db, erasure, complete=complete)


async def _begun(
    db: "Database", identity: str, *, dry_run: bool, replayed: Replayed | None
) -> Replayed:
    target = erased_id(EVERYWHERE, identity)
    async with transaction(db) as connection:
        known = await connection.fetchrow(KNOWN, target)
        if replayed is None and known is not None and known["broken_off"] and not dry_run:
            return Replayed(known["erasure_id"], known["before"])
        now: datetime = await connection.fetchval(NOW)
        erasure = replayed or Replayed(uuid4(), now)
        if not dry_run:
            await connection.execute(ENTOMB, target, erasure.erasure_id, erasure.erased_at)
    return erasure


def _of_all(erasure: Replayed, receipts: list[ErasureReceipt], *, complete: bool) -> ErasureReceipt:
    rows: Counter[str] = Counter()
    for receipt in receipts:
        rows.update(receipt.rows)
    return ErasureReceipt(
        erasure_id=erasure.erasure_id,
        kind="participant",
        erased_at=erasure.erased_at,
        dry_run=True,
        complete=complete,
        conversations=[one for receipt in receipts for one in receipt.conversations],
        rows=rows,
    )


async def _receipt(db: "Database", erasure: Replayed, *, complete: bool) -> ErasureReceipt:
    rows: Counter[str] = Counter()
    conversations: dict[UUID, None] = {}
    for row in await db.fetch(REMOVED, erasure.erasure_id):
        conversations[row["conversation_id"]] = None
        rows.update(orjson.loads(row["removed"]))
    return ErasureReceipt(
        erasure_id=erasure.erasure_id,
        kind="participant",
        erased_at=erasure.erased_at,
        complete=complete,
        conversations=list(conversations),
        rows=rows,
    )
