"""Rooms that an agent was asked for, and LiveKit's id of each: a room opened anew has another."""

from typing import TYPE_CHECKING

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

OPENED = """
update room set livekit_sid = $2 where name = $1 and livekit_sid is distinct from $2
"""


async def opened(db: "Database", name: str, *, sid: str) -> None:
    """`sid` is empty if LiveKit did not answer."""
    await db.execute(OPENED, name, sid)


OPENED_ANEW = """
select conversation_id from room where name = $1 and livekit_sid <> $2
"""


async def opened_anew(db: "Database", name: str, *, sid: str) -> ConversationId | None:
    """The room's conversation if an agent was asked for, and LiveKit has another room since."""
    found = await db.fetchval(OPENED_ANEW, name, sid)
    return None if found is None else ConversationId(found)
