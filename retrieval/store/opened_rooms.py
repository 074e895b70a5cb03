"""Rooms that an agent was asked for, and LiveKit's id of each: a room opened anew has another."""

from typing import TYPE_CHECKING

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

OPENED = """
update room set livekit_sid = $2
 where name = $1 and livekit_sid is distinct from $2
   and ($3::uuid is null or conversation_id = $3)
"""


async def opened(
    db: "Database", name: str, *, sid: str, conversation_id: ConversationId | None = None
) -> None:
    """`sid` is empty if LiveKit did not answer. Nothing if the room has another conversation than
    the one given by now: who gave it that opens the room, too.
    """
    await db.execute(OPENED, name, sid, conversation_id)


OPENED_ANEW = """
select conversation_id from room where name = $1 and livekit_sid <> $2
"""


async def opened_anew(db: "Database", name: str, *, sid: str) -> ConversationId | None:
    """The room's conversation if an agent was asked for, and LiveKit has another room since."""
    found = await db.fetchval(OPENED_ANEW, name, sid)
    return None if found is None else ConversationId(found)
