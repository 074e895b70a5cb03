"""A session that is spoken to word by word, and how long its turns wait for memory.

Needs nothing but LiveKit: peers with an older one run it too.
"""

import asyncio
import time
from collections.abc import AsyncIterable
from dataclasses import dataclass, field
from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession, ModelSettings
from livekit.agents.llm import ChatChunk, ChatContext, ChatMessage, Tool
from livekit.agents.types import FlushSentinel
from livekit.agents.voice.io import AudioInput

from testbed.scripted_llm import ScriptedLLM
from testbed.scripted_stt import ScriptedSTT

WORD_S = 1 / 3
END_OF_SPEECH_S = 0.3


class Silence(AudioInput):
    """A silent microphone: the words come from ScriptedSTT."""

    def __init__(self) -> None:
        super().__init__(label="silence")

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.Event().wait()
        raise StopAsyncIteration


@dataclass
class Clock:
    """Times of LiveKit's first request for the turn's reply, and of all model requests."""

    asked_at: float = 0.0
    requested_at: list[float] = field(default_factory=list)

    def reset(self) -> None:
        self.asked_at = 0.0
        self.requested_at.clear()

    def asked(self) -> None:
        self.asked_at = self.asked_at or time.perf_counter()


@dataclass
class Turn:
    """`same_top` is None where nothing was searched ahead."""

    added_ms: float
    llm_calls: int
    source: str = "none"
    same_top: bool | None = None


class TimedLLM(ScriptedLLM):
    def __init__(self, clock: Clock) -> None:
        super().__init__(["Noted."])
        self._clock = clock

    def chat(self, **arguments: Any) -> Any:
        self._clock.requested_at.append(time.perf_counter())
        return super().chat(**arguments)


class PlainAgent(Agent):
    """No memory; records when it is asked for a reply."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(instructions="Answer.")
        self._clock = clock

    async def llm_node(
        self, chat_ctx: ChatContext, tools: list[Tool], model_settings: ModelSettings
    ) -> AsyncIterable[ChatChunk | str | FlushSentinel]:
        self._clock.asked()
        async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
            yield chunk


class SpokenSession:
    """`start` its session with an agent that tells `clock` when it is asked for a reply."""

    def __init__(self, *, preemptive: bool = True) -> None:
        self.clock = Clock()
        self._stt = ScriptedSTT()
        self._ended = asyncio.Event()
        handling: Any = {"turn_detection": "stt"}
        if not preemptive:
            handling["preemptive_generation"] = {"enabled": False}
        self.session: AgentSession[Any] = AgentSession(
            llm=TimedLLM(self.clock),
            stt=self._stt,
            vad=None,
            turn_handling=handling,
            user_away_timeout=None,
        )
        self.session.on("conversation_item_added", self._item_added)
        self.session.input.audio = Silence()

    async def say(self, text: str) -> Turn:
        """Returns when the reply is in the conversation."""
        self.clock.reset()
        self._ended.clear()
        await self._stt.say(text, word_s=WORD_S, pause_s=END_OF_SPEECH_S)
        async with asyncio.timeout(60):
            await self._ended.wait()
        waited_s = self.clock.requested_at[-1] - self.clock.asked_at
        return Turn(max(0.0, waited_s * 1000), len(self.clock.requested_at))

    def _item_added(self, event: Any) -> None:
        if isinstance(event.item, ChatMessage) and event.item.role == "assistant":
            self._ended.set()
