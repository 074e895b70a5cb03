"""hindsight-livekit with a Hindsight server of its own."""

from collections.abc import AsyncIterable, Sequence
from importlib.metadata import version
from typing import Any

from hindsight_livekit import HindsightAgent, HindsightMemory
from livekit.agents import Agent, AgentSession, ConversationItemAddedEvent, ModelSettings
from livekit.agents.llm import ChatChunk, ChatContext, ChatMessage, Tool
from livekit.agents.types import FlushSentinel

from benchmarks.peers.spoken.memory import Exchange, Job
from benchmarks.spoken import Clock, SpokenSession

RECALL_TOKENS = 1_024
MANY = 100_000


async def open_memory(job: Job) -> "HindsightsMemory":
    return HindsightsMemory(job.store, job.owner)


class HindsightsMemory:
    preemptive = True

    def __init__(self, url: str, owner: str) -> None:
        self._url = url
        self._owner = owner
        self._session: AgentSession[Any] = AgentSession()
        self._memory = HindsightMemory(
            bank_id=owner, hindsight_api_url=url, document_id=owner, enable_session_recall=False
        )
        self._memory.attach(self._session)

    @property
    def version(self) -> str:
        return (
            f"hindsight-livekit {version('hindsight-livekit')},"
            f" hindsight-api-slim {version('hindsight-api-slim')}"
        )

    def join(self, spoken: SpokenSession) -> Agent:
        memory = HindsightMemory(
            bank_id=self._owner, hindsight_api_url=self._url, enable_retain=False
        )
        memory.attach(spoken.session)
        return _RecallingAgent(spoken.clock, memory)

    async def remember(self, exchanges: Sequence[Exchange]) -> None:
        """Each is an append of its own, as if the agent had answered every one."""
        for exchange in exchanges:
            await self.hand(exchange)
            await self._memory.flush()

    async def hand(self, exchange: Exchange) -> None:
        self._say("user", exchange.said)
        if exchange.reply:
            self._say("assistant", exchange.reply)

    async def first_ten(self, question: str) -> list[str]:
        """With the budget and the tokens of its own recall."""
        found = await self._memory.client.arecall(
            bank_id=self._owner, query=question, budget="low", max_tokens=RECALL_TOKENS
        )
        return [result.text for result in found.results][:10]

    async def stored(self) -> list[str]:
        listed = await self._memory.client.alist_memories(bank_id=self._owner, limit=MANY)
        return [item["text"] if isinstance(item, dict) else item.text for item in listed.items]

    async def aclose(self) -> None:
        await self._memory.aclose()

    def _say(self, role: Any, text: str) -> None:
        item = ChatMessage(role=role, content=[text])
        self._session.emit("conversation_item_added", ConversationItemAddedEvent(item=item))


class _RecallingAgent(HindsightAgent):  # type: ignore[misc]  # ships no types here
    def __init__(self, clock: Clock, memory: Any) -> None:
        super().__init__(memory=memory, instructions="Answer.")
        self._clock = clock

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncIterable[ChatChunk | str | FlushSentinel]:
        self._clock.asked()
        async for chunk in super().llm_node(chat_ctx, tools, model_settings):
            yield chunk
