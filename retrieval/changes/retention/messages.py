"""Messages that are older than a time, batch by batch, with all that was made of them."""

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, LiteralString

from retrieval.changes.erasure.batch import BATCH_MESSAGES, erase_batch
from retrieval.changes.erasure.revisions import next_revision
from retrieval.changes.erasure.transactions import Locked, Rows, locked
from retrieval.embeddings.rows import raise_vectors_version
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

NEXT = """
(select seq from message
  where conversation_id = $1 and created_at < $2
  order by created_at, seq
  limit $4)
union all
(select seq from message
  where conversation_id = $1 and created_at > $3 and stored_at < $2
  limit $4)
limit $4
"""

# Agents are told once in a pass, with its first batch.
TELL = """
update conversation
   set expired_before = $2, expired_revision = $3, expiring = true
 where conversation_id = $1
"""

IS_TOLD = """
select expiring and expired_before >= $2 from conversation where conversation_id = $1
"""


async def expire_batch(
    db: "Database",
    conversation_id: ConversationId,
    *,
    before: datetime,
    now: datetime,
    batch_messages: int = BATCH_MESSAGES,
) -> Rows:
    """What was deleted, by table; no messages among it: nothing is left.

    Raises ConversationNotFound.
    """
    rows: Rows = Counter()
    async with locked(db, conversation_id) as held:
        found = await held.connection.fetch(NEXT, conversation_id, before, now, batch_messages)
        if found and not held.erased:
            await _tell(held, before)
            await erase_batch(held, [row["seq"] for row in found], erased_at=None, rows=rows)
    return rows


async def _tell(held: Locked, before: datetime) -> None:
    connection, conversation_id = held.connection, held.conversation_id
    if await connection.fetchval(IS_TOLD, conversation_id, before):
        return
    revision = await next_revision(connection, conversation_id)
    await connection.execute(TELL, conversation_id, before, revision)


LAST_SEQ = """
select last_seq from conversation where conversation_id = $1
"""

SILENT = """
select distinct identity
  from participant_name own
 where conversation_id = $1
   and not exists (select from message
                    where conversation_id = $1 and participant = own.identity)
"""

DELETE_NAMES = """
delete from participant_name own
 where conversation_id = $1 and identity = any($2)
   and not exists (select from message
                    where conversation_id = $1 and seq > $3 and participant = own.identity)
"""

# Entries are found by analysing a message again, which a newer text layer may read otherwise.
DELETE_REST: tuple[LiteralString, ...] = (
    "delete from message_term where conversation_id = $1",
    "delete from vocabulary where conversation_id = $1",
    "delete from message_metadata where conversation_id = $1",
)
IS_EMPTY = """
select not exists (select from message where conversation_id = $1)
"""

FINISH = """
update conversation set expiring = false where conversation_id = $1
"""


async def finish(db: "Database", conversation_id: ConversationId) -> None:
    """Forgets the names of those of whom no message is left, and of an empty conversation the rest.

    Those are looked for without a lock; what arrives meanwhile has a later seq.
    """
    last_seq = await db.fetchval(LAST_SEQ, conversation_id)
    silent = [row["identity"] for row in await db.fetch(SILENT, conversation_id)]
    async with locked(db, conversation_id) as held:
        await held.connection.execute(DELETE_NAMES, conversation_id, silent, last_seq)
        if await held.connection.fetchval(IS_EMPTY, conversation_id):
            for statement in DELETE_REST:
                await held.connection.execute(statement, conversation_id)
            await raise_vectors_version(held.connection, conversation_id)
        await held.connection.execute(FINISH, conversation_id)
