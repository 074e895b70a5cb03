"""Sessions and invitations that end with what is erased."""

from typing import TYPE_CHECKING

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

# In two steps: where conversations are sharded, rooms stand apart from sessions.
ROOMS = """
select name from room where conversation_id = $1
"""

END_SESSIONS = """
delete from page_session
 where ($1::text[] is null or room = any($1))
   and ($2::text is null or identity = $2)
   and kind = 'room'
"""

END_INVITATIONS = """
delete from invitation where room = any($1)
"""


async def forget_conversation(connection: "Connection", conversation_id: ConversationId) -> None:
    """While its rooms still have their names."""
    rooms = await _rooms(connection, conversation_id)
    await connection.execute(END_SESSIONS, rooms, None)
    await connection.execute(END_INVITATIONS, rooms)


async def forget_participant(
    db: "Database", identity: str, *, conversation_id: ConversationId | None = None
) -> None:
    """In the rooms of a conversation, or in all."""
    rooms = None if conversation_id is None else await _rooms(db, conversation_id)
    await db.execute(END_SESSIONS, rooms, identity)


async def _rooms(db: "Database", conversation_id: ConversationId) -> list[str]:
    return [row["name"] for row in await db.fetch(ROOMS, conversation_id)]
