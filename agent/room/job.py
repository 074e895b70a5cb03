"""One room's agent in its job process, wired together in the order of its life."""

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from livekit import rtc
from livekit.agents import Agent, AgentSession, AutoSubscribe, JobContext, room_io

from agent.background_tasks import BackgroundTasks
from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.memory_options import MemoryOptions
from agent.conversation.resume import Resumed
from agent.conversation.session.event_records import action_record
from agent.conversation.unanswered import Unanswered, find_unanswered
from agent.conversation.wiring import People, build_conversation
from agent.llm.speech import SpeechInput
from agent.messages.sanitize import storable_name
from agent.recall.query import Asker
from agent.room.arrival import Arrival
from agent.room.changes import follow_changes
from agent.room.conversation_key import KeyOfJob
from agent.room.departure import Departure
from agent.room.dependencies import JobDependencies
from agent.room.linked_participant import LinkedParticipant
from agent.room.metadata import RoomMetadata
from agent.room.participants import Participants, introduction
from agent.room.recall_notices import RoomAudience
from agent.room.transcription import HEARS_ATTRIBUTE, RoomTranscriber, hearing
from agent.room.turns.intake import TurnIntake
from agent.room.turns.voice import VoiceTurns
from agent.supervision.job_supervisor import READY_ATTRIBUTE
from retrieval.wire import ConversationId, SearchRequest, SearchResponse

logger = logging.getLogger(__name__)


class RoomJob:
    """`join`, then `start`; `aclose` leaves what is not answered to the next agent.

    `conversation` may name the key of the job's conversation; else metadata and people do.
    """

    def __init__(
        self,
        ctx: JobContext,
        dependencies: JobDependencies,
        options: MemoryOptions,
        *,
        conversation: KeyOfJob | None = None,
    ) -> None:
        self._ctx = ctx
        self._settings = dependencies.settings
        self._room_settings = dependencies.room
        self._client = dependencies.client
        self._options = options
        self._agent_name = ctx.job.agent_name or dependencies.room.name
        self._closing = AsyncExitStack()
        self._tasks = BackgroundTasks()
        self._turns = TurnIntake(
            ctx.room, dependencies.room, dependencies.metrics, options, refusal=self._refusal
        )
        self._voice_turns = VoiceTurns(self._turns.status, dependencies.metrics)
        self._participants = Participants(ctx.room)
        self._arrival = Arrival(ctx, dependencies, self._participants, conversation=conversation)
        self._linked: LinkedParticipant | None = None
        self._unanswered: Unanswered | None = None
        self._agent: ConversationAgent | None = None

    async def join(self, subscription: AutoSubscribe) -> None:
        """Connect, wait until the room is this agent's, and find out what has been said in it."""
        ctx = self._ctx
        self._closing.push_async_callback(self._client.aclose)
        self._closing.push_async_callback(self._tasks.aclose)
        self._turns.listen()
        await ctx.connect(auto_subscribe=subscription)
        resumed = await self._arrival.resume()
        self._keep_metadata(resumed)
        self._unanswered = await find_unanswered(
            self._client,
            resumed,
            window=self._settings.rolling_window_messages,
            now=resumed.clock.now(),
        )

    async def start(
        self,
        session: AgentSession[Any],
        agent: Agent,
        *,
        room_options: room_io.RoomOptions,
        follows_linked: bool,
        everyone: SpeechInput | None,
        greet: Callable[[], object],
    ) -> None:
        """Returns once questions are taken; `greet` is called before the first is answered."""
        if self._agent is not None:
            raise RuntimeError("this room's session has been started already")
        unanswered = self._joined()
        self._linked = LinkedParticipant(self._ctx.room, session)
        conversation = self._agent = self._build_conversation(session, unanswered.resumed)
        self._closing.push_async_callback(conversation.close)
        self._closing.push_async_callback(self._voice_turns.aclose)
        await self._start_session(conversation, agent, room_options)
        self._tasks.start(self._allow_replies_once_linked(session, greet))
        if follows_linked:
            self._linked.follow()
        if everyone is not None:
            self._listen_to_everyone(everyone, conversation)
        await self._take_questions(conversation, hearing(everyone, follows_linked=follows_linked))

    @property
    def resumed(self) -> Resumed:
        return self._joined().resumed

    def has_listener(self) -> bool:
        return bool(self._participants.people())

    async def search(self, request: SearchRequest) -> SearchResponse:
        """Raises BackendError."""
        return await self._client.search_conversation(
            self.resumed.conversation_id, request, timeout_s=self._settings.search_timeout_s
        )

    def _joined(self) -> Unanswered:
        if self._unanswered is None:
            raise RuntimeError("the room has to be joined first")
        return self._unanswered

    async def aclose(self) -> None:
        await self._turns.aclose()
        await self._closing.aclose()

    def _keep_metadata(self, resumed: Resumed) -> None:
        ctx = self._ctx
        ctx.log_context_fields = {
            "room": ctx.room.name,
            "conversation_id": str(resumed.conversation_id),
        }
        conversation_id = ConversationId(resumed.conversation_id)
        # LiveKit's API is opened on first use: a room that keeps its metadata needs none.
        keyed = resumed.key is not None
        metadata = RoomMetadata(lambda: ctx.api, ctx.room, conversation_id, replace=keyed)
        ctx.room.on("room_metadata_changed", lambda *_: self._tasks.start(metadata.keep()))
        self._tasks.start(metadata.keep())

    def _build_conversation(
        self, session: AgentSession[Any], resumed: Resumed
    ) -> ConversationAgent:
        present = self._participants
        people = People(self._agent_name, self._asker, lambda: introduction(present.people()))
        return build_conversation(
            self._settings,
            client=self._client,
            resumed=resumed,
            session=session,
            people=people,
            spoken_turns=self._voice_turns,
            recall_audience=RoomAudience(self._ctx.room, self._tasks),
            options=self._options,
        )

    def _refusal(self, sender: str) -> str | None:
        if self._room_settings.answer_agents or not self._participants.is_agent(sender):
            return None
        return "other agents are not answered here; AGENT_ANSWER_AGENTS=true answers them"

    def _asker(self, identity: str | None) -> Asker:
        """None stands for the linked participant."""
        if identity is None:
            identity = (self._linked.identity if self._linked is not None else None) or "user"
        time_zone = self._participants.find(identity).time_zone
        return Asker(storable_name(identity, default="user"), time_zone or self._settings.time_zone)

    async def _start_session(
        self, conversation: ConversationAgent, agent: Agent, room_options: room_io.RoomOptions
    ) -> None:
        # A session that failed must not leave an agent that takes no questions.
        conversation.session.on("close", lambda event: self._ctx.shutdown(event.reason.value))
        room = self._ctx.room
        await conversation.start(
            agent,
            room=room,
            room_options=room_options,
            # Whoever is in the room could read the prompt, ask in another's name, and mute it.
            session_host=False,
        )
        room.on("participant_connected", lambda person: self._record("joined", person))
        room.on("participant_disconnected", lambda person: self._record("left", person))

    def _listen_to_everyone(self, speech: SpeechInput, agent: ConversationAgent) -> None:
        transcriber = RoomTranscriber(
            self._ctx.room,
            speech,
            on_question=lambda question: self._tasks.start(self._turns.take(question)),
            on_transcript=self._turns.heard,
        )
        transcriber.open()
        agent.forgetting.also.append(lambda _: transcriber.forget())
        self._closing.push_async_callback(transcriber.aclose)

    async def _take_questions(self, agent: ConversationAgent, hears: str) -> None:
        unanswered = self._joined()
        self._turns.open(agent, unanswered)
        epoch = unanswered.resumed.epoch
        self._tasks.start(epoch.watch())
        departure = Departure(self._turns, self._voice_turns, self._ctx.shutdown)
        self._tasks.start(follow_changes(self._ctx, agent, departure))
        self._tasks.start(departure.when_answering_ends(epoch))
        self._tasks.start(departure.when_replaced(self._arrival.election.replaced))
        told = {READY_ATTRIBUTE: "1", HEARS_ATTRIBUTE: hears}
        await self._ctx.room.local_participant.set_attributes(told)
        logger.info("agent ready", extra={"message_count": unanswered.resumed.message_count})

    async def _allow_replies_once_linked(
        self, session: AgentSession[Any], greet: Callable[[], object]
    ) -> None:
        await session.room_io.wait_for_ready()
        greet()
        self._turns.allow_replies()

    def _record(self, action: str, person: rtc.RemoteParticipant) -> None:
        if self._agent is not None:
            self._agent.write_buffer.put(action_record(action, participant=person.identity))
