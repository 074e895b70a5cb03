"""Erases one message."""

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from retrieval.changes.erasure import ledger
from retrieval.changes.erasure.batch import erase_batch
from retrieval.changes.erasure.ledger import Erasure
from retrieval.changes.erasure.revisions import NOW, next_revision
from retrieval.changes.erasure.sweep import sweep
from retrieval.changes.erasure.transactions import Locked, Rows, locked
from retrieval.database.command_tag import affected_rows
from retrieval.errors import ConversationNotFound, MessageNotFound
from retrieval.wire import ConversationId, ErasureReceipt, erased_id

if TYPE_CHECKING:
    from retrieval.database.connection import Database

SEQ = """
select seq from message where conversation_id = $1 and message_id = $2
"""

LEAVES_TOMBSTONE = """
select exists (select from erased_message where conversation_id = $1 and id_sha256 = $2)
"""

TELL = """
update erased_message set revision = $3 where conversation_id = $1 and id_sha256 = $2
"""

# Who has said nothing else is nobody's name any more.
DELETE_NAMES = """
delete from participant_name
 where conversation_id = $1 and identity = $2
   and not exists (select from message where conversation_id = $1 and participant = $2)
"""


async def erase_message(
    db: "Database",
    *,
    conversation_id: ConversationId,
    message_id: str,
    dry_run: bool = False,
    erasure_id: UUID | None = None,
    erased_at: datetime | None = None,
) -> ErasureReceipt:
    """Repeated, the receipt of the first time. `erased_at` is given where an erasure is replayed.

    Raises ConversationNotFound and MessageNotFound.
    """
    target = erased_id(conversation_id, message_id)
    known = await ledger.latest(db, conversation_id, "message", target)
    rows: Rows = Counter()
    async with locked(db, conversation_id, dry_run=dry_run) as held:
        if held.erased:
            raise ConversationNotFound(conversation_id)
        seq = await held.connection.fetchval(SEQ, conversation_id, message_id)
        if seq is None and known is not None and known.complete:
            return known.receipt()
        if seq is None and not await _was_erased(held, target):
            raise MessageNotFound
        erasure = Erasure(
            conversation_id,
            erasure_id or uuid4(),
            "message",
            target,
            erased_at or await held.connection.fetchval(NOW),
            held.last_seq,
        )
        if known is not None and not known.complete:
            erasure = known.erasure
        await ledger.begin(held.connection, erasure)
        if seq is not None:
            await _erase(held, erasure, seq, rows)
        await ledger.add(held.connection, erasure, rows)
    if dry_run:
        return ErasureReceipt(
            erasure_id=erasure.erasure_id,
            kind="message",
            erased_at=erasure.erased_at,
            dry_run=True,
            conversations=[conversation_id],
            rows=+rows,
        )
    return await finish(db, erasure)


async def _was_erased(held: Locked, target: str) -> bool:
    erased: bool = await held.connection.fetchval(LEAVES_TOMBSTONE, held.conversation_id, target)
    return erased


async def _erase(held: Locked, erasure: Erasure, seq: int, rows: Rows) -> None:
    connection, conversation_id = held.connection, held.conversation_id
    (message,) = await erase_batch(held, [seq], erased_at=erasure.erased_at, rows=rows)
    status = await connection.execute(DELETE_NAMES, conversation_id, message.participant)
    rows["participant_name"] += affected_rows(status)
    revision = await next_revision(connection, conversation_id)
    await connection.execute(TELL, conversation_id, erasure.target_sha256, revision)


async def finish(db: "Database", erasure: Erasure) -> ErasureReceipt:
    """Looks for what the messages may have left, and completes the erasure."""
    left_over = await sweep(db, erasure.conversation_id)
    async with locked(db, erasure.conversation_id) as held:
        await ledger.add(held.connection, erasure, left_over)
        await ledger.complete(held.connection, erasure)
    known = await ledger.read(db, erasure)
    return known.receipt()
