"""One room's agent in its job process, wired together in the order of its life."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack

from livekit import rtc
from livekit.agents import AutoSubscribe, JobContext, UserInputTranscribedEvent

from agent.background_tasks import BackgroundTasks
from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.event_records import action_record
from agent.conversation.resume import Resumed, resume, resumed_at_last
from agent.conversation.unanswered import Unanswered, find_unanswered
from agent.conversation.wiring import People, build_agent
from agent.epoch import Epoch
from agent.messages.sanitize import storable_name
from agent.recall.query import Asker
from agent.room.conversation_key import KeyOfJob, named_conversation
from agent.room.dependencies import JobDependencies
from agent.room.leader_election import LeaderElection
from agent.room.linked_participant import LinkedParticipant
from agent.room.metadata import RoomMetadata
from agent.room.participants import Participants, introduced, room_language
from agent.room.session import open_session, room_options
from agent.room.transcription import RoomTranscriber
from agent.room.turn_intake import TurnIntake
from agent.room.voice_turns import VoiceTurns
from agent.supervision.job_supervisor import READY_ATTRIBUTE
from agent.worker_settings import Voice, WorkerSettings
from retrieval.wire import CONVERSATION_ATTRIBUTE, ConversationId

RETIRE_WITHIN_S = 30.0

logger = logging.getLogger(__name__)


class RoomJob:
    """`conversation` may name the key of the job's conversation; else metadata and people do."""

    def __init__(
        self,
        ctx: JobContext,
        dependencies: JobDependencies,
        *,
        conversation: KeyOfJob | None = None,
    ) -> None:
        self._ctx = ctx
        self._key_of_job = conversation
        self._settings = dependencies.settings
        self._worker = worker = dependencies.worker
        self._models = dependencies.models
        self._client = dependencies.client
        self._outbox_metrics = dependencies.outbox_metrics
        self._closing = AsyncExitStack()
        self._tasks = BackgroundTasks()
        self._turns = TurnIntake(ctx.room, worker, dependencies.metrics, refusal=self._refusal)
        self._voice_turns = VoiceTurns(self._turns.status, dependencies.metrics)
        self._election = LeaderElection(ctx.room)
        self._participants = Participants(ctx.room, changed=self._people_changed)
        self._session = open_session(dependencies.models, worker.voice)
        self._linked = LinkedParticipant(ctx.room, self._session)
        self._agent: ConversationAgent | None = None

    async def open(self) -> None:
        ctx = self._ctx
        self._closing.push_async_callback(self._client.aclose)
        self._closing.push_async_callback(self._tasks.aclose)
        self._turns.listen()
        await ctx.connect(auto_subscribe=_subscription(self._worker))
        await self._election.announce()
        await self._election.wait_for_earlier()
        resumed = await self._resume()
        self._keep_metadata(resumed)
        unanswered = await find_unanswered(
            self._client,
            resumed,
            window=self._settings.rolling_window_messages,
            now=resumed.clock.now(),
        )
        self._agent = self._build_agent(unanswered.resumed)
        self._closing.push_async_callback(self._agent.close)
        self._closing.push_async_callback(self._voice_turns.aclose)
        await self._start_session(self._agent)
        self._listen(self._agent)
        await self._take_questions(self._agent, unanswered)

    async def aclose(self) -> None:
        await self._turns.aclose()
        await self._closing.aclose()

    async def _resume(self) -> Resumed:
        ctx = self._ctx
        replaced = self._election.replaced
        named = await named_conversation(ctx, of_job=self._key_of_job, replaced=replaced)
        metadata = (ctx.job.metadata, ctx.room.metadata, ctx.job.room.metadata)
        return await resumed_at_last(
            lambda: resume(
                self._client,
                self._settings,
                room=ctx.room.name,
                key=named.key,
                identity=ctx.room.local_participant.identity,
                session_id=ctx.job.id,
                conversation_id=named.conversation_id,
                language=room_language(metadata, self._participants.people()),
                outbox_metrics=self._outbox_metrics,
                has_room=lambda: self._election.has_room(ctx.api),
            )
        )

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

    def _build_agent(self, resumed: Resumed) -> ConversationAgent:
        people = People(
            agent_name=self._worker.name,
            asker=self._asker,
            has_listener=lambda: bool(self._participants.people()),
            greet_at_once=False,
        )
        return build_agent(
            self._settings,
            client=self._client,
            resumed=resumed,
            session=self._session,
            people=people,
            spoken_turns=self._voice_turns,
        )

    def _refusal(self, sender: str) -> str | None:
        if self._worker.answer_agents or not self._participants.is_agent(sender):
            return None
        return "other agents are not answered here; AGENT_ANSWER_AGENTS=true answers them"

    def _asker(self, identity: str | None) -> Asker:
        """None stands for the linked participant."""
        if identity is None:
            identity = self._linked.identity or "user"
        time_zone = self._participants.find(identity).time_zone
        return Asker(storable_name(identity, default="user"), time_zone or self._settings.time_zone)

    async def _start_session(self, agent: ConversationAgent) -> None:
        # A session that failed must not leave an agent that takes no questions.
        self._session.on("close", lambda event: self._ctx.shutdown(event.reason.value))
        await self._session.start(
            agent.agent,
            room=self._ctx.room,
            room_options=room_options(self._worker.voice),
            # Whoever is in the room could read the prompt, ask in another's name, and mute it.
            session_host=False,
        )
        self._tasks.start(self._allow_replies_once_linked(agent))
        self._participants.follow()
        self._people_changed()
        room = self._ctx.room
        room.on("participant_connected", lambda person: self._record("joined", person))
        room.on("participant_disconnected", lambda person: self._record("left", person))

    def _listen(self, agent: ConversationAgent) -> None:
        listen: dict[Voice, Callable[[ConversationAgent], None]] = {
            "off": self._listen_to_none,
            "linked": self._listen_to_linked,
            "everyone": self._listen_to_everyone,
        }
        listen[self._worker.voice](agent)

    def _listen_to_none(self, _: ConversationAgent) -> None:
        """Typed messages only."""

    def _listen_to_linked(self, _: ConversationAgent) -> None:
        self._linked.follow()

    def _listen_to_everyone(self, agent: ConversationAgent) -> None:
        if self._models.speech is None:
            return

        def on_transcript(identity: str, event: UserInputTranscribedEvent) -> None:
            if event.transcript.strip():
                self._turns.heard(identity, final=event.is_final)
            agent.hear(event.transcript, final=event.is_final, identity=identity)

        transcriber = RoomTranscriber(
            self._ctx.room,
            self._models.speech.input,
            on_question=lambda question: self._tasks.start(self._turns.take(question)),
            on_transcript=on_transcript,
        )
        transcriber.open()
        self._closing.push_async_callback(transcriber.aclose)

    async def _take_questions(self, agent: ConversationAgent, unanswered: Unanswered) -> None:
        self._turns.open(agent, unanswered)
        epoch = unanswered.resumed.epoch
        self._tasks.start(epoch.watch())
        self._tasks.start(self._turns.run(until=epoch.ended))
        self._tasks.start(self._retire_when_replaced())
        self._tasks.start(self._leave_when_ended(epoch))
        told = {CONVERSATION_ATTRIBUTE: str(unanswered.resumed.conversation_id)}
        await self._ctx.room.local_participant.set_attributes({READY_ATTRIBUTE: "1"} | told)
        logger.info("agent ready", extra={"message_count": unanswered.resumed.message_count})

    async def _allow_replies_once_linked(self, agent: ConversationAgent) -> None:
        await self._session.room_io.wait_for_ready()
        # Before questions are answered: the greeting comes first.
        agent.agent.greet()
        self._turns.allow_replies()

    async def _retire_when_replaced(self) -> None:
        await self._election.replaced.wait()
        logger.info("another agent takes over")
        try:
            async with asyncio.timeout(RETIRE_WITHIN_S):
                await self._turns.finish()
                await self._voice_turns.finish()
        except TimeoutError:
            logger.warning("left with questions open")
        self._ctx.shutdown("handed over")

    async def _leave_when_ended(self, epoch: Epoch) -> None:
        """Unlike a handover: what is not answered yet, the agent that has the room answers."""
        await epoch.ended.wait()
        self._ctx.shutdown("another agent has the room")

    def _people_changed(self) -> None:
        if self._agent is not None:
            instructions = introduced(self._settings.instructions, self._participants.people())
            self._tasks.start(self._agent.agent.update_instructions(instructions))

    def _record(self, action: str, person: rtc.RemoteParticipant) -> None:
        if self._agent is not None:
            self._agent.write_buffer.put(action_record(action, participant=person.identity))


def _subscription(worker: WorkerSettings) -> AutoSubscribe:
    if worker.voice == "off":
        return AutoSubscribe.SUBSCRIBE_NONE
    return AutoSubscribe.AUDIO_ONLY
