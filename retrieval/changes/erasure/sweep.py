"""Looks through a conversation's index entries, and traces of turns, for what erased messages may
have left.

Entries are found by analysing a message again. A newer Unicode or stemmer might read it otherwise
than when it was stored: what stands in the index for an erased message is deleted all the same.
"""

from collections import Counter
from typing import TYPE_CHECKING

from retrieval.changes.erasure.transactions import Rows, locked
from retrieval.changes.erasure.turns import sweep_turns
from retrieval.database.command_tag import affected_rows
from retrieval.embeddings.rows import raise_vectors_version
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

STEP_ENTRIES = 500_000

STEP = """
select max(lexeme) as last, count(*) as entries,
       count(*) filter (where seq in (
           select seq from erased_message where conversation_id = $1)) as left_over
  from (select lexeme, seq
          from message_term
         where conversation_id = $1 and lexeme > $2
         order by lexeme
         limit $3) step
"""

# A step ends inside a lexeme: its other entries belong to it.
DELETE_STEP = """
delete from message_term
 where conversation_id = $1 and lexeme > $2 and lexeme <= $3
   and seq in (select seq from erased_message where conversation_id = $1)
"""

LEFT_OF_LAST = """
select count(*)
  from message_term
 where conversation_id = $1 and lexeme = $2
   and seq in (select seq from erased_message where conversation_id = $1)
"""

SWEEP_METADATA = """
delete from message_metadata
 where conversation_id = $1
   and seq in (select seq from erased_message where conversation_id = $1)
"""


async def sweep(
    db: "Database", conversation_id: ConversationId, *, step_entries: int = STEP_ENTRIES
) -> Rows:
    """Reads all entries without a lock, step by step; takes it only where there is something."""
    rows: Rows = Counter()
    after = ""
    while (step := await db.fetchrow(STEP, conversation_id, after, step_entries)) is not None:
        last = step["last"]
        if last is None:
            break
        left = step["left_over"] or await db.fetchval(LEFT_OF_LAST, conversation_id, last)
        if left:
            async with locked(db, conversation_id) as held:
                status = await held.connection.execute(DELETE_STEP, conversation_id, after, last)
                await raise_vectors_version(held.connection, conversation_id)
            rows["message_term"] += affected_rows(status)
        after = last
    async with locked(db, conversation_id) as held:
        status = await held.connection.execute(SWEEP_METADATA, conversation_id)
    rows["message_metadata"] += affected_rows(status)
    rows.update(await sweep_turns(db, conversation_id))
    return rows
