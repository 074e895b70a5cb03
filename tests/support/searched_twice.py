"""A conversation that is searched in memory and in its tables, one after the other."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from retrieval.embedders import Embedder
from retrieval.search.memory.loading.kept import KeptRoom, caught_up, load_kept
from retrieval.search.memory.rooms import Rooms
from retrieval.wire import ConversationId, SearchRequest
from tests.support.fakes import HashEmbedder
from tests.support.random_talk import asked

if TYPE_CHECKING:
    import asyncpg

LIMIT_BYTES = 64 * 1024 * 1024
ANY = SearchRequest(query="pump lantern", limit=1)


def rooms_in_memory(limit_bytes: int = LIMIT_BYTES) -> Rooms[KeptRoom]:
    return Rooms(limit_bytes, load_kept, caught_up)


@dataclass
class SearchedTwice:
    db: "asyncpg.Pool[asyncpg.Record]"
    conversation_id: ConversationId
    rooms: Rooms[KeptRoom] = field(default_factory=rooms_in_memory)
    embedder: Embedder = field(default_factory=HashEmbedder)

    async def take_in(self) -> None:
        """Search until memory answers."""
        for _ in range(1000):
            answered = self.rooms.figures.answered
            await self.in_memory(ANY)
            if self.rooms.figures.answered > answered:
                return
            await asyncio.sleep(0.01)
        raise AssertionError("the room is not taken into memory")

    async def differences(self, requests: Iterable[SearchRequest]) -> list[SearchRequest]:
        return [
            request
            for request in requests
            if await self.in_memory(request) != await self.in_tables(request)
        ]

    async def in_memory(self, request: SearchRequest) -> dict[str, Any]:
        """If it stands."""
        return await asked(
            self.db, self.conversation_id, request, self.rooms, embedder=self.embedder
        )

    async def in_tables(self, request: SearchRequest) -> dict[str, Any]:
        return await asked(self.db, self.conversation_id, request, embedder=self.embedder)
