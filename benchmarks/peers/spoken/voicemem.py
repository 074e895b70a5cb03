"""livekit-plugins-voicemem on PostgreSQL, in the order of its guide."""

import asyncio
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from livekit.agents import Agent
from livekit.agents.llm import ChatContext, ChatMessage
from livekit.plugins import voicemem  # type: ignore[attr-defined]  # not in our environment

from benchmarks.peers.spoken.memory import Exchange, Job
from benchmarks.spoken import Clock, PlainAgent, SpokenSession

EMBEDDING_SIZE = 384
MANY = 100_000


async def open_memory(job: Job) -> "VoicememMemory":
    config = voicemem.Config(
        pg_dsn=job.store,
        openai_api_key="unused",
        openai_base_url=job.models,
        embed_backend="openai",
        embed_model="local",
        embed_dim=EMBEDDING_SIZE,
    )
    return VoicememMemory(await voicemem.build(config), job.owner)


class VoicememMemory:
    preemptive = False
    """Its guide turns it off: what it adds to the context would discard the early reply."""

    def __init__(self, runtime: Any, owner: str) -> None:
        self._runtime = runtime
        self._owner = owner
        self._hooks = voicemem.MemoryHooks(runtime.session(user_id=owner))

    @property
    def version(self) -> str:
        return f"livekit-plugins-voicemem {version('livekit-plugins-voicemem')}"

    def join(self, spoken: SpokenSession) -> Agent:
        hooks = voicemem.MemoryHooks(self._runtime.session(user_id=self._owner))
        hooks.attach(spoken.session)
        return _RecallingAgent(spoken.clock, hooks)

    async def remember(self, exchanges: Sequence[Exchange]) -> None:
        memory = self._runtime.session(user_id=self._owner)
        for exchange in exchanges:
            record = voicemem.TurnRecord(
                tenant_id=memory.scope.tenant_id,
                user_id=memory.scope.user_id,
                user_text=exchange.said,
                agent_reply=exchange.reply,
            )
            await memory.remember(record)

    async def hand(self, exchange: Exchange) -> None:
        self._hooks.remember_turn(exchange.said, exchange.reply)

    async def first_ten(self, question: str) -> list[str]:
        memory = self._runtime.session(user_id=self._owner)
        found = await memory.recall(question, top_k=10)
        return [hit.text for hit in found.hits][:10]

    async def stored(self) -> list[str]:
        scope = self._runtime.session(user_id=self._owner).scope
        records = await self._runtime.vectors.existing_for_extractor(scope, limit=MANY)
        return [record.text for record in records]

    async def aclose(self) -> None:
        await asyncio.sleep(0)  # its last fire-and-forget tasks have begun
        await self._hooks.aclose()
        await self._runtime.aclose()


class _RecallingAgent(PlainAgent):
    def __init__(self, clock: Clock, hooks: Any) -> None:
        super().__init__(clock)
        self._hooks = hooks

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        self._clock.asked()
        await self._hooks.on_user_turn_completed(turn_ctx, new_message)
