"""Goes on inside one conversation, for functions that learn which one it is, or make it."""

from typing import TYPE_CHECKING
from uuid import UUID

from retrieval.database.scope import Scoped, literal

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database


def seeing(db: "Database", conversation_id: UUID) -> "Database":
    """`db`, which sees this conversation as well if what it sees is bounded."""
    return db.of(conversation_id) if isinstance(db, Scoped) else db


def naming(db: "Database", *, room: str) -> "Database":
    """`db`, which sees and may write the room of this name as well."""
    return db.named(room) if isinstance(db, Scoped) else db


def planned_once(db: "Database") -> "Database":
    """`db`, for statements of small look-ups by index: to plan one takes longer than to run it, and
    no conversation's size changes the plan.
    """
    return db.planned_once() if isinstance(db, Scoped) else db


async def see_new(connection: "Connection", conversation_id: UUID) -> None:
    """For a conversation that this transaction makes, until its end."""
    await connection.execute(f"set local longroom.conversation = {literal(str(conversation_id))}")
