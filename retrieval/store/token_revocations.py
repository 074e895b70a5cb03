"""Tokens of a conversation refused together: all that were issued up to a time."""

from datetime import datetime
from typing import TYPE_CHECKING

from retrieval.errors import ConversationNotFound
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

ISSUED = """
select clock_timestamp() from conversation where conversation_id = $1 and not erased
"""


async def issuing_time(db: "Database", conversation_id: ConversationId) -> datetime:
    """By the clock that revocations go by. Raises ConversationNotFound."""
    now: datetime | None = await db.fetchval(ISSUED, conversation_id)
    if now is None:
        raise ConversationNotFound(conversation_id)
    return now


REVOKE = """
insert into token_revocation (conversation_id, issued_up_to)
select conversation_id, clock_timestamp()
  from conversation
 where conversation_id = $1 and not erased
on conflict (conversation_id) do update set issued_up_to = excluded.issued_up_to
returning conversation_id
"""


async def revoke_tokens(db: "Database", conversation_id: ConversationId) -> None:
    """Raises ConversationNotFound."""
    if await db.fetchval(REVOKE, conversation_id) is None:
        raise ConversationNotFound(conversation_id)


# Twice as long as a token may live: what was revoked before has expired.
RECENT = """
select conversation_id, issued_up_to
  from token_revocation
 where issued_up_to > now() - interval '2 hours'
"""


async def recent_revocations(db: "Database") -> dict[ConversationId, datetime]:
    return {
        ConversationId(row["conversation_id"]): row["issued_up_to"]
        for row in await db.fetch(RECENT)
    }
