"""Traces of turns: erased with their questions, and rid of what they tell of erased messages."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from retrieval.changes.erasure.transactions import Locked, Rows, locked
from retrieval.database.command_tag import affected_rows
from retrieval.store.turn_mentions import mentioned, without
from retrieval.store.turn_rows import recall_of, trace_of
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

DELETE_OF_QUESTIONS = """
delete from turn_trace where conversation_id = $1 and question_id = any($2)
"""

# Those of stored questions go with these.
DELETE_ASKED_BY = """
delete from turn_trace
 where conversation_id = $1 and participant = $2 and asked_at <= $3
   and not exists (select from message
                    where conversation_id = $1 and message_id = question_id and participant = $2)
"""

MENTIONING = """
select question_id, figures, recall
  from turn_trace
 where conversation_id = $1 and mentions && $2
 limit $3
"""

FORGET = """
update turn_trace
   set recall = kept.recall, mentions = kept.mentions
  from jsonb_to_recordset($2::text::jsonb)
       as kept (question_id text, recall jsonb, mentions text[])
 where turn_trace.conversation_id = $1 and turn_trace.question_id = kept.question_id
"""

AT_ONCE = 500


async def forget_messages(locked: Locked, message_ids: Sequence[str], *, rows: Rows) -> None:
    connection, conversation_id, ids = locked.connection, locked.conversation_id, [*message_ids]
    status = await connection.execute(DELETE_OF_QUESTIONS, conversation_id, ids)
    rows["turn_trace"] += affected_rows(status)
    while found := await connection.fetch(MENTIONING, conversation_id, ids, AT_ONCE):
        kept = [_without(row, frozenset(ids)) for row in found]
        await connection.execute(FORGET, conversation_id, orjson.dumps(kept).decode())
        rows["turn_trace"] += len(found)


async def delete_turns_of(locked: Locked, identity: str, *, until: datetime, rows: Rows) -> None:
    """Turns that they asked for, also where the question itself was never stored."""
    status = await locked.connection.execute(
        DELETE_ASKED_BY, locked.conversation_id, identity, until
    )
    rows["turn_trace"] += affected_rows(status)


def _without(row: "Record", gone: frozenset[str]) -> dict[str, object]:
    trace = without(trace_of(row), gone)
    return {
        "question_id": row["question_id"],
        "recall": recall_of(trace),
        "mentions": mentioned(trace),
    }


STEP_TURNS = 20_000

# As `erased_id` makes them.
STEP = """
with step as materialized (
    select question_id, mentions
      from turn_trace
     where conversation_id = $1 and question_id > $2
     order by question_id
     limit $3
)
select max(question_id) as last,
       array(
           select message_id
             from (select distinct unnest(mentions || question_id) as message_id from step) told
            where encode(sha256(convert_to($1::uuid::text || E'\\n' || message_id, 'UTF8')), 'hex')
                  in (select id_sha256 from erased_message where conversation_id = $1)) as left_over
  from step
"""


async def sweep_turns(
    db: "Database", conversation_id: ConversationId, *, step_turns: int = STEP_TURNS
) -> Rows:
    """Reads all traces without a lock, step by step; takes it only where there is something."""
    rows: Rows = Counter()
    after = ""
    while (step := await db.fetchrow(STEP, conversation_id, after, step_turns)) is not None:
        if step["last"] is None:
            break
        if step["left_over"]:
            async with locked(db, conversation_id) as held:
                await forget_messages(held, step["left_over"], rows=rows)
        after = step["last"]
    return rows
