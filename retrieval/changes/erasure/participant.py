"""Erases what a participant said up to now, in one conversation: messages, events, names."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from retrieval.changes.erasure import ledger
from retrieval.changes.erasure.batch import BATCH_MESSAGES, erase_batch
from retrieval.changes.erasure.ledger import Erasure
from retrieval.changes.erasure.message import finish
from retrieval.changes.erasure.revisions import NOW, next_revision
from retrieval.changes.erasure.traces import delete_events, delete_traces
from retrieval.changes.erasure.transactions import Locked, Rows, locked
from retrieval.errors import ConversationNotFound
from retrieval.store.pages.forgetting import forget_participant
from retrieval.wire import ConversationId, ErasureReceipt, Message, erased_id

if TYPE_CHECKING:
    from retrieval.database.connection import Database

ENTOMB = """
insert into erased_participant (conversation_id, identity_sha256, before, revision)
values ($1, $2, $3, $4)
on conflict (conversation_id, identity_sha256) do update
   set before = greatest(erased_participant.before, excluded.before),
       revision = excluded.revision
"""

# Nothing said before is taken after `last_seq`; what was said later by its sender's clock, and had
# arrived by then, is erased, too. Where an erasure is replayed, `last_seq` is another database's.
NEXT_MESSAGES = """
select seq
  from message
 where conversation_id = $1 and participant = $2 and seq > $3
   and (seq <= $4 or created_at <= $5)
 order by seq
 limit $6
"""

TELL_LATER_ONES = """
update erased_message
   set revision = told.revision
  from unnest($2::text[], $3::bigint[]) as told (id_sha256, revision)
 where conversation_id = $1 and erased_message.id_sha256 = told.id_sha256
"""


@dataclass(frozen=True)
class Replayed:
    """An erasure of the ledger."""

    erasure_id: UUID
    erased_at: datetime


async def erase_participant(
    db: "Database",
    *,
    conversation_id: ConversationId,
    identity: str,
    dry_run: bool = False,
    deadline: float | None = None,
    replayed: Replayed | None = None,
    erasure_id: UUID | None = None,
) -> ErasureReceipt:
    """Works until `deadline`, of the event loop's clock; call again for what is left.

    Whoever says something afterwards is a participant again. Raises ConversationNotFound.
    """
    erasure = await _begun(
        db,
        conversation_id,
        erased_id(conversation_id, identity),
        dry_run=dry_run,
        replayed=replayed,
        erasure_id=erasure_id,
    )
    removed: Rows = Counter()
    after: int | None = 0
    while after is not None:
        if deadline is not None and asyncio.get_running_loop().time() > deadline:
            return _receipt(erasure, removed, dry_run=dry_run, complete=False)
        after, rows = await _next_batch(db, erasure, identity, after=after, dry_run=dry_run)
        removed.update(rows)
    async for rows in delete_events(db, erasure, identity, dry_run=dry_run):
        removed.update(rows)
    removed.update(await delete_traces(db, erasure, identity, dry_run=dry_run))
    if dry_run:
        return _receipt(erasure, removed, dry_run=True, complete=True)
    await forget_participant(db, identity, conversation_id=conversation_id)
    return await finish(db, erasure)


async def _begun(
    db: "Database",
    conversation_id: ConversationId,
    target: str,
    *,
    dry_run: bool,
    replayed: Replayed | None,
    erasure_id: UUID | None,
) -> Erasure:
    """From here on nothing that they said before is stored. One that broke off goes on."""
    known = await ledger.latest(db, conversation_id, "participant", target)
    async with locked(db, conversation_id, dry_run=dry_run) as held:
        if held.erased:
            raise ConversationNotFound(conversation_id)
        if known is not None and not known.complete and not dry_run:
            return known.erasure
        now = await held.connection.fetchval(NOW)
        erasure = Erasure(
            conversation_id,
            replayed.erasure_id if replayed else erasure_id or uuid4(),
            "participant",
            target,
            replayed.erased_at if replayed else now,
            0 if replayed else held.last_seq,
        )
        revision = await next_revision(held.connection, conversation_id)
        await held.connection.execute(ENTOMB, conversation_id, target, erasure.erased_at, revision)
        await ledger.begin(held.connection, erasure)
    return erasure


async def _next_batch(
    db: "Database", erasure: Erasure, identity: str, *, after: int, dry_run: bool
) -> tuple[int | None, Rows]:
    """The last seq of the batch; None if nothing is left."""
    rows: Rows = Counter()
    async with locked(db, erasure.conversation_id, dry_run=dry_run) as held:
        found = await held.connection.fetch(
            NEXT_MESSAGES,
            erasure.conversation_id,
            identity,
            after,
            erasure.last_seq,
            erasure.erased_at,
            BATCH_MESSAGES,
        )
        if not found:
            return None, rows
        seqs = [row["seq"] for row in found]
        messages = await erase_batch(
            held, seqs, erased_at=erasure.erased_at, rows=rows, participant=identity
        )
        later = [message for message in messages if message.created_at > erasure.erased_at]
        if later:
            await _tell_later_ones(held, erasure, later)
        await ledger.add(held.connection, erasure, rows)
    return seqs[-1], rows


async def _tell_later_ones(held: Locked, erasure: Erasure, messages: Sequence[Message]) -> None:
    """That they are erased does not follow from when they were said."""
    last = await next_revision(held.connection, held.conversation_id, changes=len(messages))
    hashes = [erased_id(held.conversation_id, message.id) for message in messages]
    revisions = range(last - len(messages) + 1, last + 1)
    await held.connection.execute(TELL_LATER_ONES, held.conversation_id, hashes, list(revisions))
    for target in hashes:
        one = Erasure(
            held.conversation_id,
            erasure.erasure_id,
            "message",
            target,
            erasure.erased_at,
            held.last_seq,
        )
        await ledger.begin(held.connection, one)
        await ledger.complete(held.connection, one)


def _receipt(erasure: Erasure, removed: Rows, *, dry_run: bool, complete: bool) -> ErasureReceipt:
    return ErasureReceipt(
        erasure_id=erasure.erasure_id,
        kind="participant",
        erased_at=erasure.erased_at,
        dry_run=dry_run,
        complete=complete,
        conversations=[erasure.conversation_id],
        rows=+removed,
    )
