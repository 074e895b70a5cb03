"""Ours: the agent's outbox and the backend."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from livekit.agents import Agent

from agent.backend_client import BackendClient
from agent.conversation.resume import resume
from agent.outbox.outbox import Outbox
from agent.outbox.write_buffer import WriteBuffer
from agent.settings import AgentSettings
from benchmarks.peers.spoken.memory import Exchange, Job
from benchmarks.spoken import SpokenSession
from retrieval.wire import MessageCreate, MessageId, Role, SearchRequest, SearchResponse

AT_ONCE = 500
PAGE = 200
DELIVERED_S = 30.0


async def open_memory(job: Job) -> "LongroomMemory":
    client = BackendClient(job.store, timeout_s=60)
    resumed = await resume(
        client,
        AgentSettings(data_dir=Path(job.folder), greeting="", welcome_back="", farewell=""),
        room=job.owner,
        identity="agent",
        session_id=uuid4().hex,
    )
    return LongroomMemory(client, resumed.conversation_id, resumed.outbox)


class LongroomMemory:
    version = "this revision"
    preemptive = True

    def __init__(self, client: BackendClient, conversation_id: UUID, outbox: Outbox) -> None:
        self._client = client
        self._conversation_id = conversation_id
        self._outbox = outbox
        self._writes = WriteBuffer(outbox)

    def join(self, spoken: SpokenSession) -> Agent:
        raise NotImplementedError("benchmarks/turn_replay.py measures our own turns")

    async def remember(self, exchanges: Sequence[Exchange]) -> None:
        messages = [message for exchange in exchanges for message in _messages(exchange)]
        for start in range(0, len(messages), AT_ONCE):
            batch = messages[start : start + AT_ONCE]
            await self._client.append_messages(self._conversation_id, batch)
        # The newest message stays pending until the next one comes.
        while (await self._search("anything at all")).pending > 1:  # noqa: ASYNC110  # it is remote
            await asyncio.sleep(0.5)

    async def hand(self, exchange: Exchange) -> None:
        for message in _messages(exchange):
            self._writes.put(message)

    async def first_ten(self, question: str) -> list[str]:
        found = await self._search(question)
        return [f"{hit.message.participant}: {hit.message.content}" for hit in found.hits]

    async def stored(self) -> list[str]:
        """After what a killed process left has been delivered."""
        await self._outbox.drain(DELIVERED_S)
        found = await self._client.get_recent_messages(self._conversation_id, limit=PAGE)
        return [f"{message.participant}: {message.content}" for message in found.messages]

    async def aclose(self) -> None:
        await self._writes.aclose(DELIVERED_S)
        await self._outbox.aclose()
        await self._client.aclose()

    async def _search(self, query: str) -> SearchResponse:
        return await self._client.search_conversation(
            self._conversation_id, SearchRequest(query=query, limit=10)
        )


def _messages(exchange: Exchange) -> list[MessageCreate]:
    speaker, _, said = exchange.said.partition(": ")
    messages = [_message("user", speaker, said)]
    if exchange.reply:
        messages.append(_message("assistant", "agent", exchange.reply))
    return messages


def _message(role: Role, participant: str, content: str) -> MessageCreate:
    return MessageCreate(
        id=MessageId(uuid4().hex),
        role=role,
        participant=participant,
        content=content,
        created_at=datetime.now(UTC),
    )
