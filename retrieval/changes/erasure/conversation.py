"""Erases a conversation: nobody sees it from the first moment on, its rows go in batches."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final, LiteralString
from uuid import uuid4

from retrieval.changes.erasure import ledger
from retrieval.changes.erasure.ledger import Erasure
from retrieval.changes.erasure.participant import Replayed
from retrieval.changes.erasure.revisions import NOW
from retrieval.changes.erasure.transactions import Locked, Rows, locked
from retrieval.database.command_tag import affected_rows
from retrieval.errors import ConversationNotFound
from retrieval.store.pages.forgetting import forget_conversation
from retrieval.wire import ConversationId, ErasureReceipt

if TYPE_CHECKING:
    from retrieval.database.connection import Database

ROWS_AT_ONCE = 20_000

HIDE = """
update conversation set erased = true, revision = revision + 1 where conversation_id = $1
"""

ENTOMB = """
insert into erased_conversation (conversation_id, erased_at) values ($1, $2)
on conflict do nothing
"""

# Its names are free at once: who opens a room of the name gets another conversation.
DELETE_ROOMS = """
delete from room where conversation_id = $1
"""

DELETE_KEYS = """
delete from conversation_key where conversation_id = $1
"""

DELETE_SOME: Final[LiteralString] = """
delete from {table}
 where conversation_id = $1
   and ctid = any(array(select ctid from {table} where conversation_id = $1 limit $2))
"""

COUNT: Final[LiteralString] = """
select count(*) from {table} where conversation_id = $1
"""

# The text first. Whatever refers to a conversation and is missing here goes with its row.
TABLES: Final[tuple[LiteralString, ...]] = (
    "message_term",
    "vocabulary",
    "message_metadata",
    "message_edit",
    "evidence",
    "turn_trace",
    "message",
    "message_embedding",
    "message_code",
    "embedding_job",
    "conversation_event",
    "session",
    "participant_name",
    "room_epoch",
    "reindexed_part",
    "prepared_part",
    "erased_message",
    "erased_participant",
)

DELETE = """
delete from conversation where conversation_id = $1
"""


async def erase_conversation(
    db: "Database",
    *,
    conversation_id: ConversationId,
    dry_run: bool = False,
    deadline: float | None = None,
    replayed: Replayed | None = None,
) -> ErasureReceipt:
    """Works until `deadline`, of the event loop's clock; call again for what is left.

    Repeated when it is complete, the same receipt. Raises ConversationNotFound.
    """
    known = await ledger.latest(db, conversation_id, "conversation", "")
    if known is not None and known.complete and not await _exists(db, conversation_id):
        return known.receipt()
    if dry_run:
        return await _counted(db, conversation_id)
    erasure = (
        known.erasure
        if known is not None and not known.complete
        else await _hidden(db, conversation_id, replayed)
    )
    for table in TABLES:
        while await _delete_some(db, erasure, table):
            if deadline is not None and asyncio.get_running_loop().time() > deadline:
                return (await ledger.read(db, erasure)).receipt()
    try:
        async with locked(db, conversation_id) as held:
            await held.connection.execute(DELETE, conversation_id)
            await ledger.add(held.connection, erasure, Counter(conversation=1))
            await ledger.complete(held.connection, erasure)
    except ConversationNotFound:
        pass  # another call was faster
    return (await ledger.read(db, erasure)).receipt()


async def _hidden(
    db: "Database", conversation_id: ConversationId, replayed: Replayed | None
) -> Erasure:
    rows: Rows = Counter()
    async with locked(db, conversation_id) as held:
        connection = held.connection
        erasure = Erasure(
            conversation_id,
            replayed.erasure_id if replayed else uuid4(),
            "conversation",
            "",
            replayed.erased_at if replayed else await connection.fetchval(NOW),
            held.last_seq,
        )
        await connection.execute(HIDE, conversation_id)
        await connection.execute(ENTOMB, conversation_id, erasure.erased_at)
        await _delete_names(held, rows)
        await ledger.begin(connection, erasure)
        await ledger.add(connection, erasure, rows)
    return erasure


async def _delete_names(held: Locked, rows: Rows) -> None:
    await forget_conversation(held.connection, held.conversation_id)
    for table, statement in (("room", DELETE_ROOMS), ("conversation_key", DELETE_KEYS)):
        rows[table] += affected_rows(await held.connection.execute(statement, held.conversation_id))


async def _delete_some(db: "Database", erasure: Erasure, table: LiteralString) -> bool:
    """Whether there may be more."""
    async with locked(db, erasure.conversation_id) as held:
        statement = DELETE_SOME.replace("{table}", table)
        status = await held.connection.execute(statement, erasure.conversation_id, ROWS_AT_ONCE)
        await ledger.add(held.connection, erasure, Counter({table: affected_rows(status)}))
    return affected_rows(status) > 0


EXISTS = """
select exists (select from conversation where conversation_id = $1)
"""


async def _exists(db: "Database", conversation_id: ConversationId) -> bool:
    exists: bool = await db.fetchval(EXISTS, conversation_id)
    return exists


async def _counted(db: "Database", conversation_id: ConversationId) -> ErasureReceipt:
    """For a dry run. Deleting and undoing it would cost as much as erasing does."""
    if not await _exists(db, conversation_id):
        raise ConversationNotFound(conversation_id)
    rows: Rows = Counter(conversation=1)
    for table in (*TABLES, *_NAMED):
        rows[table] = await db.fetchval(COUNT.replace("{table}", table), conversation_id)
    return ErasureReceipt(
        erasure_id=uuid4(),
        kind="conversation",
        erased_at=await db.fetchval(NOW),
        dry_run=True,
        conversations=[conversation_id],
        rows=+rows,
    )


_NAMED: Final[tuple[LiteralString, ...]] = ("room", "conversation_key")
