"""Revisions of a conversation: each change has one, by which agents learn of it."""

from typing import TYPE_CHECKING

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection

NEXT = """
update conversation set revision = revision + $2 where conversation_id = $1 returning revision
"""

# Under the lock: `now()` is when the transaction began to wait for it.
NOW = """
select clock_timestamp()
"""


async def next_revision(
    connection: "Connection", conversation_id: ConversationId, *, changes: int = 1
) -> int:
    """The last of so many. Expects the conversation's lock."""
    revision: int = await connection.fetchval(NEXT, conversation_id, changes)
    return revision
