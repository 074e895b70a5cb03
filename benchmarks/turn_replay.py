"""One session that gets turns word by word: without memory, by the textbook, or ours."""

import asyncio
import time
from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from livekit import rtc
from livekit.agents import Agent, AgentSession, ModelSettings
from livekit.agents.llm import ChatChunk, ChatContext, ChatMessage, Tool
from livekit.agents.types import FlushSentinel
from livekit.agents.voice.io import AudioInput

from agent.backend_client import BackendClient
from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.resume import resume
from agent.conversation.wiring import People, build_conversation
from agent.messages.rolling_window import message_ids
from agent.recall.query import Asker, RecallLimits, TurnQuery
from agent.recall.recalled_context import open_question
from agent.settings import AgentSettings
from retrieval.wire import (
    AppendOutcome,
    AppendResult,
    MessageCreate,
    SearchRequest,
    WindowMessage,
)
from testbed.scripted_llm import ScriptedLLM
from testbed.scripted_stt import ScriptedSTT

ROOM = "turns"
WORD_S = 1 / 3
END_OF_SPEECH_S = 0.3
TOP = 10


class Silence(AudioInput):
    """A silent microphone: the words come from ScriptedSTT."""

    def __init__(self) -> None:
        super().__init__(label="silence")

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.Event().wait()
        raise StopAsyncIteration


class FrozenClient(BackendClient):
    """Searches the real backend but stores nothing."""

    async def append_messages(
        self,
        conversation_id: Any,
        messages: Sequence[MessageCreate],
        *,
        epoch: int | None = None,
        room: str | None = None,
        timeout_s: float | None = None,
    ) -> AppendResult:
        outcomes = [AppendOutcome(id=m.id, seq=1, status="stored") for m in messages]
        return AppendResult(outcomes=outcomes)


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


class TextbookAgent(PlainAgent):
    """Searches after the end of the turn and waits for the result."""

    def __init__(self, clock: Clock, client: BackendClient, conversation_id: Any) -> None:
        super().__init__(clock)
        self._client = client
        self._conversation_id = conversation_id

    async def on_user_turn_completed(self, turn_ctx: ChatContext, new_message: ChatMessage) -> None:
        self._clock.asked()
        request = SearchRequest(query=new_message.text_content or "-", limit=TOP)
        found = await self._client.search_conversation(self._conversation_id, request)
        texts = "\n".join(hit.message.content for hit in found.hits)
        turn_ctx.add_message(role="assistant", content=f"Relevant messages:\n{texts}")


class Replay:
    def __init__(self, mode: str, url: str, data_dir: Path) -> None:
        self._mode = mode
        self._clock = Clock()
        self._stt = ScriptedSTT()
        self._client = FrozenClient(url, timeout_s=30)
        self._settings = AgentSettings(
            data_dir=data_dir, greeting="", welcome_back="", farewell="", recall_limit=TOP
        )
        self._speaker = "user"
        self._excluded: frozenset[str] = frozenset()
        self._window: Sequence[WindowMessage] = ()
        self._ours: ConversationAgent | None = None
        self._ended = asyncio.Event()
        self._session: AgentSession[Any] = AgentSession(
            llm=TimedLLM(self._clock),
            stt=self._stt,
            vad=None,
            turn_handling={"turn_detection": "stt"},
            user_away_timeout=None,
        )

    async def open(self) -> None:
        resumed = await resume(
            self._client,
            self._settings,
            room=ROOM,
            identity="agent",
            session_id=uuid4().hex,
        )
        self._conversation_id = resumed.conversation_id
        self._outbox = resumed.outbox
        agent: Agent = PlainAgent(self._clock)
        if self._mode == "ours":
            people = People("agent", self._asker)
            self._ours = build_conversation(
                self._settings,
                client=self._client,
                resumed=resumed,
                session=self._session,
                people=people,
            )
            self._time_recall(self._ours)
        elif self._mode == "textbook":
            agent = TextbookAgent(self._clock, self._client, self._conversation_id)
        self._session.on("conversation_item_added", self._item_added)
        self._session.input.audio = Silence()
        if self._ours is not None:
            await self._ours.start(Agent(instructions=self._settings.instructions))
        else:
            await self._session.start(agent)

    async def aclose(self) -> None:
        if self._ours is not None:
            await self._ours.close()
        else:
            await self._session.aclose()
            await self._outbox.aclose()
        await self._client.aclose()

    async def turn(self, message: MessageCreate) -> Turn:
        self._clock.reset()
        self._ended.clear()
        self._speaker = message.participant
        await self._stt.say(message.content, word_s=WORD_S, pause_s=END_OF_SPEECH_S)
        async with asyncio.timeout(60):
            await self._ended.wait()
        waited_s = self._clock.requested_at[-1] - self._clock.asked_at
        turn = Turn(max(0.0, waited_s * 1000), len(self._clock.requested_at))
        if self._ours is not None:
            await self._compare(self._ours, message, turn)
        return turn

    def _asker(self, _: str | None) -> Asker:
        return Asker(self._speaker)

    def _time_recall(self, ours: ConversationAgent) -> None:
        place = ours.recalled_context.place

        async def timed(chat_ctx: ChatContext) -> None:
            self._excluded = message_ids(chat_ctx)
            self._window = ours.recalled_context.said(chat_ctx, before=open_question(chat_ctx))
            self._clock.asked()
            await place(chat_ctx)

        ours.recalled_context.place = timed  # type: ignore[method-assign]  # adds a stopwatch

    def _item_added(self, event: Any) -> None:
        if isinstance(event.item, ChatMessage) and event.item.role == "assistant":
            self._ended.set()

    async def _compare(self, ours: ConversationAgent, message: MessageCreate, turn: Turn) -> None:
        """Repeat the search with the whole text; sets `source` and `same_top`."""
        recalled = next(reversed(ours.recalled_context._turns.values()))
        turn.source = recalled.source
        newest = self._settings.recall_window_messages
        query = TurnQuery(
            message.content,
            Asker(self._speaker),
            self._excluded,
            tuple(self._window)[-newest:] if newest else (),
        )
        request = query.request(
            RecallLimits(
                hits=TOP,
                token_budget=self._settings.recall_token_budget,
                neighbours=self._settings.recall_neighbours,
            )
        )
        full = await self._client.search_conversation(self._conversation_id, request)
        # As sets: the prompt orders hits by time, not by rank.
        wanted = {hit.message.id for hit in full.hits} if full.relevant else set()
        turn.same_top = {hit.message.id for hit in recalled.hits} == wanted
