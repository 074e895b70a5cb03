"""Transactions of an erasure: each holds the conversation's lock; those of a dry run are undone."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.database.connection import transaction
from retrieval.errors import ConversationNotFound
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

Rows = Counter[str]
"""How many were deleted, by table."""

LOCK = """
select language, last_seq, erased
  from conversation
 where conversation_id = $1
   for update
"""


@dataclass(frozen=True)
class Locked:
    connection: "Connection"
    conversation_id: ConversationId
    language: str
    last_seq: int
    erased: bool
    """The conversation's own erasure is under way."""


class _Undone(Exception):
    pass


@asynccontextmanager
async def locked(
    db: "Database", conversation_id: ConversationId, *, dry_run: bool = False
) -> AsyncIterator[Locked]:
    """Raises ConversationNotFound. With `dry_run`, all that was done is undone at the end."""
    try:
        async with transaction(db) as connection:
            row = await connection.fetchrow(LOCK, conversation_id)
            if row is None:
                raise ConversationNotFound(conversation_id)
            yield Locked(connection, conversation_id, **dict(row))
            if dry_run:
                raise _Undone
    except _Undone:
        return
