"""The chats as rooms of a running backend, which is asked over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from agent.backend_client import BackendClient
from benchmarks.writing.trial import Chat, Row
from longroom.progress import ProgressBars
from retrieval.wire import (
    MAX_BATCH_MESSAGES,
    MessageCreate,
    MessageId,
    SearchRequest,
    SearchResponse,
)

AT_ONCE = 4
POLL_S = 0.5
Part = TypeVar("Part")


@dataclass(frozen=True)
class Answer:
    """Places of the hits in the chat, best first."""

    places: tuple[int, ...]
    relevant: bool
    confidence: float


class Rooms:
    """One room per chat; `now` is the time that messages' ages count from."""

    def __init__(self, client: BackendClient, bars: ProgressBars, *, now: datetime) -> None:
        self._client = client
        self._bars = bars
        self._now = now
        self._rooms: dict[Chat, UUID] = {}

    async def ask(self, rows: Iterable[Row]) -> Mapping[Row, Answer]:
        """Stores every chat, and asks its questions once it is embedded."""
        asked: dict[Chat, dict[Row, None]] = {}
        for row in rows:
            asked.setdefault(row.chat, {})[row] = None
        chats = sorted(asked, key=lambda chat: len(chat.said))  # as they are embedded
        with self._bars.step("storing messages", sum(len(chat.said) for chat in chats)) as stored:
            await _each(chats, lambda chat: self._store(chat, stored))
        answers: dict[Row, Answer] = {}
        with self._bars.step("asking questions", sum(map(len, asked.values()))) as done:

            async def ask_chat(chat: Chat) -> None:
                await self._until_embedded(self._rooms[chat])
                for row in asked[chat]:
                    answers[row] = await self._answer(row)
                    done(1)

            await _each(chats, ask_chat)
        return answers

    async def _store(self, chat: Chat, stored: Callable[[int], object]) -> None:
        name = f"chat-{len(self._rooms)}"
        self._rooms[chat] = UUID(int=0)
        room = await self._client.create_room(name, language=chat.language)
        self._rooms[chat] = room.conversation_id
        messages = self._messages(chat)
        for start in range(0, len(messages), MAX_BATCH_MESSAGES):
            batch = messages[start : start + MAX_BATCH_MESSAGES]
            await self._client.append_messages(room.conversation_id, batch)
            stored(len(batch))

    def _messages(self, chat: Chat) -> list[MessageCreate]:
        """In the order in which they were said; ids are their places."""
        return [
            MessageCreate(
                id=MessageId(str(place)),
                role=said.role,
                participant=said.speaker,
                content=said.text,
                created_at=self._now - timedelta(days=said.days_ago),
            )
            for place, said in enumerate(chat.said)
        ]

    async def _until_embedded(self, room: UUID) -> None:
        while True:
            if (await self._search(room, SearchRequest(query="anything at all"))).pending == 0:
                return
            await asyncio.sleep(POLL_S)

    async def _answer(self, row: Row) -> Answer:
        request = SearchRequest(query=row.query, asker=row.asker, time_zone=row.time_zone)
        found = await self._search(self._rooms[row.chat], request)
        places = tuple(int(hit.message.id) for hit in found.hits)
        return Answer(places, found.relevant, found.confidence)

    async def _search(self, room: UUID, request: SearchRequest) -> SearchResponse:
        return await self._client.search_conversation(room, request)


async def _each(parts: Sequence[Part], work: Callable[[Part], Awaitable[None]]) -> None:
    """At most AT_ONCE at a time."""
    waiting = iter(parts)

    async def some() -> None:
        for part in waiting:
            await work(part)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(some())
