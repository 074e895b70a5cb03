"""The agent on a session without a room, with a scripted model and a fake backend."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from livekit.agents import Agent, AgentSession
from livekit.agents.llm import LLM
from livekit.agents.voice.audio_recognition import _EndOfTurnInfo, _EndOfTurnMetrics

from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.memory_options import EVERYTHING, MemoryOptions
from agent.conversation.resume import resume
from agent.conversation.session.events import SpokenTurnListener
from agent.conversation.session.reply import TurnResult
from agent.conversation.wiring import People, build_conversation
from agent.messages.question import Question
from agent.outbox.outbox import Outbox
from agent.recall.notices import Audience
from agent.recall.query import Asker
from agent.settings import AgentSettings
from agent.support.greeting import greeting
from agent.support.support_agent import SupportAgent
from retrieval.wire import MessageCreate, MessageId
from tests.support.fake_backend import FakeBackend


@dataclass
class RunningAgent:
    conversation_agent: ConversationAgent
    outbox: Outbox
    numbers: "count[int]"

    async def ask(self, text: str, *, speaker: str = "ana") -> TurnResult:
        id_ = MessageId(f"typed-{next(self.numbers)}-{uuid4().hex[:6]}")
        return await self.conversation_agent.ask(Question(id_, speaker, text, datetime.now(UTC)))

    def end_spoken_turn(self, text: str) -> None:
        """As LiveKit does when the user has finished speaking."""
        activity = self.conversation_agent.session._activity
        assert activity is not None
        metrics = _EndOfTurnMetrics(
            started_speaking_at=None,
            stopped_speaking_at=None,
            transcription_delay=None,
            end_of_turn_delay=None,
        )
        activity.on_end_of_turn(
            _EndOfTurnInfo(
                skip_reply=False,
                new_transcript=text,
                transcript_confidence=1.0,
                metrics=metrics,
            )
        )

    @property
    def window(self) -> list[tuple[str, str]]:
        messages = self.conversation_agent.window.chat_ctx.messages()
        return [(m.role, m.text_content or "") for m in messages if m.role != "system"]


@asynccontextmanager
async def running_agent(
    backend: FakeBackend,
    llm: LLM[Any],
    data_dir: Path,
    *,
    session_options: dict[str, Any] | None = None,
    after_greeting: bool = True,
    spoken_turns: SpokenTurnListener | None = None,
    has_room: Callable[[], Awaitable[bool]] | None = None,
    agent: Agent | None = None,
    options: MemoryOptions = EVERYTHING,
    recall_audience: Audience | None = None,
    **settings: Any,
) -> AsyncIterator[RunningAgent]:
    """An agent in the room "den", without greetings unless the settings have them."""
    chosen: dict[str, Any] = {
        "greeting": "",
        "welcome_back": "",
        "farewell": "",
        "apology": "",
        "llm_retry_s": 0.01,
        "outbox_retry_s": 0.01,
    }
    config = AgentSettings(data_dir=data_dir, **(chosen | settings))
    client = backend.client()
    resumed = await resume(
        client,
        config,
        room="den",
        identity="agent",
        session_id=uuid4().hex,
        has_room=has_room,
    )
    session: AgentSession[Any] = AgentSession(
        llm=llm,
        vad=None,
        turn_handling={"turn_detection": "manual"},
        user_away_timeout=None,
        **(session_options or {}),
    )
    people = People("agent", lambda identity: Asker(identity or "ana"))
    conversation_agent = build_conversation(
        config,
        client=client,
        resumed=resumed,
        session=session,
        people=people,
        spoken_turns=spoken_turns,
        options=options,
        recall_audience=recall_audience,
    )
    words = greeting(config, last_message_at=resumed.last_message_at, has_listener=lambda: True)
    agent = agent or SupportAgent(config.instructions, greeting=words)
    if after_greeting:
        await conversation_agent.start(agent, capture_run=True)
    else:
        await conversation_agent.start(agent)
    try:
        yield RunningAgent(conversation_agent, resumed.outbox, count(1))
    finally:
        await conversation_agent.close()
        await client.aclose()


async def remember(backend: FakeBackend, *texts: str, participant: str = "ana") -> None:
    """Store messages as if they had been said a while ago."""
    conversation_id = backend.room("den")
    said = [
        MessageCreate(
            id=MessageId(f"old-{uuid4().hex[:8]}"),
            role="user",
            participant=participant,
            content=text,
            created_at=datetime(2026, 3, 14, 12, n % 60, tzinfo=UTC),
        )
        for n, text in enumerate(texts)
    ]
    client = backend.client()
    await client.append_messages(conversation_id, said)
    await client.aclose()
