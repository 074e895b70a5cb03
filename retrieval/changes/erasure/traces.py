"""Where a participant's identity stands besides messages: events, names, sessions, agents."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final, LiteralString

from retrieval.changes.erasure import ledger
from retrieval.changes.erasure.evidence import delete_asked_by
from retrieval.changes.erasure.ledger import Erasure
from retrieval.changes.erasure.transactions import Rows, locked
from retrieval.changes.erasure.turns import delete_turns_of
from retrieval.database.command_tag import affected_rows

if TYPE_CHECKING:
    from retrieval.database.connection import Database

EVENTS_AT_ONCE = 5_000

DELETE_EVENTS = """
delete from conversation_event
 where conversation_id = $1
   and event_id = any(array(
       select event_id
         from conversation_event
        where conversation_id = $1 and participant = $2 and created_at <= $3
          and ($5::text is null or event_id > $5)
        order by event_id
        limit $4))
returning event_id
"""

# Who has said something since stays.
DELETE_NAMES = """
delete from participant_name
 where conversation_id = $1 and identity = $2
   and not exists (select from message
                    where conversation_id = $1 and participant = $2
                      and seq > $3 and created_at > $4)
"""

LEAVE_SESSIONS = """
update session
   set participants = array_remove(participants, $2),
       agent_identity = case when agent_identity = $2 then 'erased' else agent_identity end
 where conversation_id = $1 and (participants @> array[$2] or agent_identity = $2)
   and started_at <= $3
"""

LEAVE_ROOMS = """
update room_epoch
   set agent_identity = null, agent_session = null
 where conversation_id = $1 and agent_identity = $2
"""

LEAVE_CONVERSATION = """
update conversation
   set agent_identity = null, agent_session = null
 where conversation_id = $1 and agent_identity = $2
"""

_AGENTS: Final[dict[str, LiteralString]] = {
    "room_epoch": LEAVE_ROOMS,
    "conversation": LEAVE_CONVERSATION,
}


async def delete_events(
    db: "Database", erasure: Erasure, identity: str, *, dry_run: bool
) -> AsyncIterator[Rows]:
    """Batch by batch."""
    after: str | None = None
    while True:
        async with locked(db, erasure.conversation_id, dry_run=dry_run) as held:
            found = await held.connection.fetch(
                DELETE_EVENTS,
                erasure.conversation_id,
                identity,
                erasure.erased_at,
                EVENTS_AT_ONCE,
                after,
            )
            rows: Rows = Counter(conversation_event=len(found))
            await ledger.add(held.connection, erasure, rows)
        yield rows
        if len(found) < EVENTS_AT_ONCE:
            return
        after = max(row["event_id"] for row in found) if dry_run else None


async def delete_traces(db: "Database", erasure: Erasure, identity: str, *, dry_run: bool) -> Rows:
    rows: Rows = Counter()
    async with locked(db, erasure.conversation_id, dry_run=dry_run) as held:
        status = await held.connection.execute(
            DELETE_NAMES, erasure.conversation_id, identity, erasure.last_seq, erasure.erased_at
        )
        rows["participant_name"] += affected_rows(status)
        for table, statement in _AGENTS.items():
            status = await held.connection.execute(statement, erasure.conversation_id, identity)
            rows[table] += affected_rows(status)
        status = await held.connection.execute(
            LEAVE_SESSIONS, erasure.conversation_id, identity, erasure.erased_at
        )
        rows["session"] += affected_rows(status)
        await delete_asked_by(held, identity, rows=rows)
        await delete_turns_of(held, identity, until=erasure.erased_at, rows=rows)
        await ledger.add(held.connection, erasure, rows)
    return rows
