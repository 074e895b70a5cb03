"""The memory of a room, for any LiveKit agent."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from livekit.agents import Agent, AgentSession, AutoSubscribe, JobContext, llm, room_io

from agent.conversation.memory_options import EVERYTHING, MemoryOptions
from agent.llm.speech import SpeechInput
from agent.room.conversation_key import KeyOfJob
from agent.room.dependencies import JobDependencies, open_dependencies
from agent.room.job import RoomJob
from agent.settings import AgentSettings
from agent.worker_settings import RoomSettings
from retrieval.wire import SearchRequest, SearchResponse


class Longroom:
    """`serve` makes one for each room, and `join` in the jobs of a server of your own.

    `start` a session with it, once. The session's agents then get the conversation's newest
    messages, what was said earlier and matters, and a tool to search. What is said is stored, and
    typed messages are answered. The agents' own hooks still run, and so do those of agents that
    they hand over to.
    """

    def __init__(
        self,
        ctx: JobContext,
        dependencies: JobDependencies,
        options: MemoryOptions,
        *,
        conversation: KeyOfJob | None = None,
    ) -> None:
        self._settings = dependencies.settings
        self._typed_text = options.typed_text
        self._job = RoomJob(ctx, dependencies, options, conversation=conversation)

    @classmethod
    async def join(
        cls,
        ctx: JobContext,
        *,
        conversation: str | None = None,
        options: MemoryOptions = EVERYTHING,
        auto_subscribe: AutoSubscribe = AutoSubscribe.AUDIO_ONLY,
    ) -> "Longroom":
        """In place of `ctx.connect()`. Settings come from the environment.

        `conversation` is a key of your choice, such as a customer's number: rooms with the same key
        share a memory. Without one, metadata or a participant name it, or the room has its own.

        Waits until no earlier agent has the room, and while the backend does not answer. Raises
        pydantic's ValidationError for wrong settings.
        """
        dependencies = open_dependencies(AgentSettings(), RoomSettings())
        memory = cls(ctx, dependencies, options, conversation=lambda _: conversation)
        ctx.add_shutdown_callback(memory.aclose)
        await memory.connect(auto_subscribe)
        return memory

    async def connect(self, auto_subscribe: AutoSubscribe = AutoSubscribe.AUDIO_ONLY) -> None:
        """`serve` and `join` have called this."""
        await self._job.join(auto_subscribe)

    async def start(
        self,
        session: AgentSession[Any],
        agent: Agent,
        *,
        room_options: room_io.RoomOptions | None = None,
        everyone: SpeechInput | None = None,
        greet: Callable[[], object] = lambda: None,
    ) -> None:
        """In place of `session.start(agent, room=ctx.room)`. Returns once questions are taken.

        The session hears the linked participant if it or the agent has speech to text. `everyone`
        hears all participants, each by a transcriber of their own; the session's is not used then.
        `greet` is called when someone is there, before their first question is answered.

        Raises TypeError for a realtime model, which makes its prompts itself.
        """
        if isinstance(session.llm, llm.RealtimeModel) or isinstance(agent.llm, llm.RealtimeModel):
            raise TypeError("a realtime model makes its prompts itself; memory needs an LLM")
        hears_linked = everyone is None and bool(session.stt or agent.stt)
        speaks = bool(session.tts or agent.tts)
        options = room_options or room_io.RoomOptions(audio_input=hears_linked, audio_output=speaks)
        # The session outlives its linked participant; everyone's text is read by this package.
        options = replace(options, close_on_disconnect=False)
        if self._typed_text:
            options = replace(options, text_input=False)
        await self._job.start(
            session,
            agent,
            room_options=options,
            follows_linked=hears_linked,
            everyone=everyone,
            greet=greet,
        )

    @property
    def conversation_id(self) -> UUID:
        return self._job.resumed.conversation_id

    @property
    def message_count(self) -> int:
        """When the room was joined."""
        return self._job.resumed.message_count

    @property
    def last_message_at(self) -> datetime | None:
        """When the room was joined; None in a new conversation."""
        return self._job.resumed.last_message_at

    def now(self) -> datetime:
        """By the backend's clock, as `last_message_at`."""
        return self._job.resumed.clock.now()

    def has_listener(self) -> bool:
        return self._job.has_listener()

    async def search(self, query: str, *, limit: int = 10) -> SearchResponse:
        """Search this conversation yourself. Raises BackendError."""
        return await self._job.search(
            SearchRequest(query=query, limit=limit, time_zone=self._settings.time_zone)
        )

    async def aclose(self) -> None:
        """Close the session and deliver what is not stored yet; called when the job ends."""
        await self._job.aclose()
