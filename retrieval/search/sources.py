"""Who answers a search: the conversation as this process has it in memory, or the tables."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from retrieval.database.connection import one_connection
from retrieval.search.coded_source import CodedSource
from retrieval.search.context import SearchContext
from retrieval.search.memory.coded.room import LONGEST_TAIL, CodedRoom
from retrieval.search.memory.loading.kept import KeptRoom
from retrieval.search.memory.room import Room
from retrieval.search.memory.rooms import Rooms
from retrieval.search.memory.source import MemorySource, newest_of
from retrieval.search.memory.words.indexing import AT_ONCE, indexed
from retrieval.search.source import Source
from retrieval.search.stored.source import StoredSource
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database


class Sources:
    """Of one search. Whatever is put out of memory meanwhile, the search goes on with what it has.

    Memory answers only if the statement that read the context found that it still stands: then the
    context has the news.
    """

    def __init__(
        self, db: "Database", conversation_id: ConversationId, rooms: Rooms[KeptRoom] | None
    ) -> None:
        self._db = db
        self._conversation_id = conversation_id
        self._rooms = rooms
        self._kept = rooms.get(conversation_id) if rooms is not None else None
        self._extended: Room | None = None

    @property
    def room(self) -> Room | None:
        """All of it in memory, whether it still stands or not."""
        return self._kept if isinstance(self._kept, Room) else None

    @asynccontextmanager
    async def source(self, context: SearchContext) -> AsyncIterator[Source]:
        room = await self._standing(context)
        if room is not None:
            assert context.news is not None  # noqa: S101 - that is how it stands
            yield MemorySource(
                room,
                newest_of(context.news.postings),
                context.message_count,
                context.passage_count,
                stored=StoredSource(self._db, context),
            )
            return
        codes = self._codes(context)
        async with one_connection(self._db) as connection:
            if codes is not None:
                yield CodedSource(connection, context, codes)
            else:
                yield StoredSource(connection, context)

    def prepare_next(self, context: SearchContext) -> None:
        """Behind the search: keep what it read, or ask for the room."""
        if self._rooms is None:
            return
        if self.room is not None and self._extended is not None:
            self._rooms.extend(self._conversation_id, known=self.room, extended=self._extended)
            self._rooms.answered(self._db, self._conversation_id)
            return
        codes = self._codes(context)
        if codes is not None and context.last_seq - codes.mark <= LONGEST_TAIL:
            self._rooms.answered(self._db, self._conversation_id)
            return
        self._rooms.missed(self._db, self._conversation_id, context.version, found=self._kept)

    def _codes(self, context: SearchContext) -> CodedRoom | None:
        """If they still stand."""
        codes = self._kept if isinstance(self._kept, CodedRoom) else None
        return codes if codes is not None and codes.version == context.version else None

    async def _standing(self, context: SearchContext) -> Room | None:
        if self.room is None or context.news is None:
            return None
        if self._extended is None:
            extended = self.room.extended(context.news)
            few = extended.marks.messages - extended.marks.postings <= AT_ONCE
            self._extended = await indexed(extended) if few else extended
        return self._extended
