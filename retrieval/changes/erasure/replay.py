"""Erases again what a ledger tells: after a restore, which has brought it back."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from retrieval.changes.erasure.conversation import ENTOMB as ENTOMB_CONVERSATION
from retrieval.changes.erasure.conversation import erase_conversation
from retrieval.changes.erasure.everywhere import ENTOMB as ENTOMB_EVERYWHERE
from retrieval.changes.erasure.everywhere import erase_everywhere
from retrieval.changes.erasure.ledger_lines import LedgerLine
from retrieval.changes.erasure.message import erase_message
from retrieval.changes.erasure.participant import Replayed, erase_participant
from retrieval.errors import ConversationNotFound
from retrieval.store.tombstones import EVERYWHERE
from retrieval.wire import ConversationId, ErasureReceipt

if TYPE_CHECKING:
    from retrieval.database.connection import Database


@dataclass
class Summary:
    lines: int = 0
    came_back: int = 0
    """Lines of which something was there again."""
    rows: dict[str, int] = field(default_factory=dict)


async def replay(db: "Database", lines: Iterable[LedgerLine]) -> AsyncIterator[Summary]:
    """The summary so far, after each line. Safe to repeat, and to break off."""
    summary = Summary()
    for line in dict.fromkeys(lines):
        receipts = await _again(db, line)
        summary.lines += 1
        rows = [(name, n) for receipt in receipts for name, n in receipt.rows.items()]
        summary.came_back += any(name in ("message", "conversation") for name, _ in rows)
        for name, count in rows:
            summary.rows[name] = summary.rows.get(name, 0) + count
        yield summary


async def _again(db: "Database", line: LedgerLine) -> list[ErasureReceipt]:
    replayed = Replayed(line.erasure_id, line.erased_at)
    if line.conversation_id is None:
        return await _everywhere(db, line, replayed)
    conversation_id = ConversationId(line.conversation_id)
    try:
        if line.kind == "conversation":
            return await _conversation(db, conversation_id, replayed)
        if line.kind == "participant":
            return await _participant(db, conversation_id, line, replayed)
        return await _message(db, conversation_id, line)
    except ConversationNotFound:
        return []


EXISTS = """
select exists (select from conversation where conversation_id = $1)
"""


async def _conversation(
    db: "Database", conversation_id: ConversationId, replayed: Replayed
) -> list[ErasureReceipt]:
    if not await db.fetchval(EXISTS, conversation_id):
        await db.execute(ENTOMB_CONVERSATION, conversation_id, replayed.erased_at)
        return []
    receipt = await erase_conversation(db, conversation_id=conversation_id, replayed=replayed)
    return [receipt]


# As `erased_id` makes it.
MESSAGE_ID = """
select message_id
  from message
 where conversation_id = $1
   and encode(sha256(convert_to($1::text || E'\\n' || message_id, 'UTF8')), 'hex') = $2
"""

ENTOMB_MESSAGE = """
insert into erased_message (conversation_id, id_sha256, seq, erased_at)
select conversation_id, $2, 0, $3 from conversation where conversation_id = $1
on conflict do nothing
"""


async def _message(
    db: "Database", conversation_id: ConversationId, line: LedgerLine
) -> list[ErasureReceipt]:
    message_id = await db.fetchval(MESSAGE_ID, conversation_id, line.target_sha256)
    if message_id is None:  # a later restore, or an outbox, might still bring it
        await _keep_out(db, ENTOMB_MESSAGE, conversation_id, line)
        return []
    receipt = await erase_message(
        db,
        conversation_id=conversation_id,
        message_id=message_id,
        erasure_id=line.erasure_id,
        erased_at=line.erased_at,
    )
    return [receipt]


IDENTITIES = """
select identity
  from (select identity from participant_name where conversation_id = $1
        union
        select unnest(participants || agent_identity) from session where conversation_id = $1
        union
        select participant from conversation_event where conversation_id = $1
        union
        select participant from turn_trace where conversation_id = $1) known
 where encode(sha256(convert_to($1::text || E'\\n' || identity, 'UTF8')), 'hex') = $2
"""

ENTOMB_PARTICIPANT = """
insert into erased_participant (conversation_id, identity_sha256, before, revision)
select conversation_id, $2, $3, revision from conversation where conversation_id = $1
on conflict do nothing
"""


async def _participant(
    db: "Database", conversation_id: ConversationId, line: LedgerLine, replayed: Replayed
) -> list[ErasureReceipt]:
    found = await db.fetch(IDENTITIES, conversation_id, line.target_sha256)
    if not found:
        await _keep_out(db, ENTOMB_PARTICIPANT, conversation_id, line)
    return [
        await erase_participant(
            db, conversation_id=conversation_id, identity=row["identity"], replayed=replayed
        )
        for row in found
    ]


RAISE = """
update conversation set revision = greatest(revision, 1) where conversation_id = $1
"""


async def _keep_out(
    db: "Database", statement: str, conversation_id: ConversationId, line: LedgerLine
) -> None:
    """Appends look for tombstones where the revision tells of a change."""
    await db.execute(RAISE, conversation_id)
    await db.execute(statement, conversation_id, line.target_sha256, line.erased_at)


IDENTITIES_EVERYWHERE = """
select identity
  from (select identity from participant_name
        union
        select unnest(participants || agent_identity) from session
        union
        select participant from conversation_event
        union
        select participant from turn_trace) known
 where encode(sha256(convert_to($1::uuid::text || E'\\n' || identity, 'UTF8')), 'hex') = $2
"""


async def _everywhere(db: "Database", line: LedgerLine, replayed: Replayed) -> list[ErasureReceipt]:
    found = await db.fetch(IDENTITIES_EVERYWHERE, EVERYWHERE, line.target_sha256)
    if not found:
        await db.execute(ENTOMB_EVERYWHERE, line.target_sha256, line.erasure_id, line.erased_at)
    return [
        await erase_everywhere(db, identity=row["identity"], replayed=replayed) for row in found
    ]
