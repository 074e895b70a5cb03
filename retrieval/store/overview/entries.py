"""What stands at places of the timeline."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, LiteralString

import orjson

from retrieval.store.events import event_of
from retrieval.store.overview.places import KINDS, RANKS, TimelinePlace
from retrieval.store.sessions import session_of
from retrieval.store.stored_before import message_of
from retrieval.wire import ConversationId, TimelineEntry, TimelineKind, TurnLine

if TYPE_CHECKING:
    from retrieval.database.connection import Database, Record

MESSAGES = """
select seq, message_id, role, participant, content, created_at, interrupted, metadata,
       late_epoch, room, edited_at
  from message
 where conversation_id = $1 and seq = any($2)
"""

TURNS = """
select question_id, figures
  from turn_trace
 where conversation_id = $1 and question_id = any($2)
"""

EVENTS = """
select event_id as id, kind, participant, created_at, data
  from conversation_event
 where conversation_id = $1 and event_id = any($2)
"""

SESSIONS = """
select session_id as id, agent_identity, started_at, ended_at, message_count, participants, usage,
       close_reason
  from session
 where conversation_id = $1 and session_id = any($2)
"""


async def read_entries(
    db: "Database", conversation_id: ConversationId, places: Sequence[TimelinePlace]
) -> list[TimelineEntry]:
    """In the order of the places; what was erased meanwhile is missing."""
    found: dict[tuple[int, int | str], Any] = {}

    async def read(kind: TimelineKind, statement: LiteralString) -> "list[Record]":
        rank = RANKS[kind]
        wanted = [
            place.seq if kind == "message" else place.id for place in places if place.rank == rank
        ]
        return await db.fetch(statement, conversation_id, wanted) if wanted else []

    for row in await read("message", MESSAGES):
        found[RANKS["message"], row["seq"]] = message_of(row)
    for row in await read("turn", TURNS):
        turn = TurnLine.model_validate(orjson.loads(row["figures"]))
        found[RANKS["turn"], row["question_id"]] = turn
    for row in await read("event", EVENTS):
        found[RANKS["event"], row["id"]] = event_of(row)
    for row in await read("session", SESSIONS):
        found[RANKS["session"], row["id"]] = session_of(row)
    entries = [(place, found.get((place.rank, place.seq or place.id))) for place in places]
    return [_entry(place, record) for place, record in entries if record is not None]


def _entry(place: TimelinePlace, record: Any) -> TimelineEntry:
    kind = KINDS[place.rank]
    return TimelineEntry(kind=kind, at=place.at, cursor=str(place), **{kind: record})
