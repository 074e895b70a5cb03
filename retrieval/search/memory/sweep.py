"""Forgets conversations in memory that changed, are gone, or were not searched for a while.

A search finds out by itself, but nobody may search a conversation again after something of it was
erased: the text would stay in memory.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from retrieval.search.memory.version import Version
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

SWEEP_INTERVAL_S = 60.0
UNUSED_S = 600.0


class KeptRooms(Protocol):
    def versions(self) -> Mapping[ConversationId, Version]: ...

    def unused_for(self, seconds: float) -> Iterable[ConversationId]:
        """Those that no search asked for in that time."""
        ...

    def forget(self, conversation_id: ConversationId) -> None: ...


class RoomSweep:
    """`db` sees all conversations."""

    def __init__(
        self,
        db: "Database",
        rooms: KeptRooms,
        *,
        interval_s: float = SWEEP_INTERVAL_S,
        unused_s: float = UNUSED_S,
    ) -> None:
        self._db = db
        self._rooms = rooms
        self._interval_s = interval_s
        self._unused_s = unused_s

    async def run(self) -> None:
        while True:
            await self.sweep()
            await asyncio.sleep(self._interval_s)

    async def sweep(self) -> None:
        """Without the database, what is unused goes all the same."""
        for conversation_id in [*self._rooms.unused_for(self._unused_s)]:
            self._rooms.forget(conversation_id)
        kept = dict(self._rooms.versions())
        if not kept:
            return
        stored = await _stored(self._db, kept)
        for conversation_id, version in kept.items():
            if (version.revision, version.vectors_version) != stored.get(conversation_id):
                self._rooms.forget(conversation_id)


VERSIONS = """
select conversation_id, revision, vectors_version
  from conversation
 where conversation_id = any($1) and not erased
"""


async def _stored(
    db: "Database", kept: Iterable[ConversationId]
) -> dict[ConversationId, tuple[int, int]]:
    rows = await db.fetch(VERSIONS, [*kept])
    return {
        ConversationId(row["conversation_id"]): (row["revision"], row["vectors_version"])
        for row in rows
    }
