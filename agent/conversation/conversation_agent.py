"""Puts an agent together for one conversation: in a LiveKit room or without one."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice import SpeechHandle

from agent.backend_client import BackendClient
from agent.conversation.event_records import turn_record
from agent.conversation.greeting import Greeting, opening
from agent.conversation.reply import Reply, TurnTrace, answer_text, outcome_of, user_item
from agent.conversation.resume import Resumed
from agent.conversation.session_events import SessionEvents, SpokenTurnListener
from agent.conversation.session_summary import SessionTotals
from agent.conversation.support_agent import SupportAgent
from agent.messages.question import Question
from agent.messages.rolling_window import message_ids, restored
from agent.outbox.write_buffer import WriteBuffer
from agent.recall.query import Asker, RecallLimits
from agent.recall.recall import Recall, Recalled
from agent.recall.recalled_context import BlockStyle, RecalledContext
from agent.recall.search_task import hits_without
from agent.recall.search_tool import search_tool
from agent.recall.transcript import Transcript
from agent.settings import AgentSettings
from agent.tracing import turn_span
from retrieval.wire import (
    MAX_EXCLUDED_IDS,
    MessageId,
    SearchRequest,
    SearchResponse,
)

_DISK_TIMEOUT_S = 5.0
_LAST_DISK_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class People:
    """Who is there. `asker` describes an identity, None being whoever is listened to.

    If nobody may be there when the session starts, `at_once` is False and the greeting is not said
    before `SupportAgent.greet` is called.
    """

    agent_name: str
    asker: Callable[[str | None], Asker]
    somebody_listens: Callable[[], bool]
    at_once: bool = True


class ConversationAgent:
    """One conversation's agent and all it owns: start `session` with `agent`, and close it last."""

    def __init__(
        self,
        settings: AgentSettings,
        *,
        client: BackendClient,
        resumed: Resumed,
        session: AgentSession[Any],
        people: People,
        spoken_turns: SpokenTurnListener | None = None,
    ) -> None:
        self._settings = settings
        self._client = client
        self._resumed = resumed
        self._people = people
        self._turn_texts: dict[str, Transcript] = {}
        self._waiting: set[str] = set()
        self.session = session
        self.intake = WriteBuffer(resumed.outbox)
        self.memory = RecalledContext(
            Recall(self.search, limits=_recall_limits(settings)),
            asker=people.asker,
            style=BlockStyle(settings.recall_role, settings.recall_token_budget),
            waiting=lambda: frozenset(self._waiting),
        )
        self.events = SessionEvents(
            self.intake,
            agent_name=people.agent_name,
            speaker=lambda: people.asker(None).identity,
            on_speech=lambda text, final: self._prefetch(text, final, None),
            on_message=lambda: self.agent.trim_soon(),
            follow=self.follow,
            spoken_turns=spoken_turns,
        )
        self.agent = self._support_agent()
        self.events.attach(session)
        self._record = SessionTotals(
            session,
            self.events,
            conversation_id=resumed.conversation_id,
            agent_name=people.agent_name,
        )

    def hear(self, segment: str, *, final: bool, identity: str) -> None:
        """Somebody is speaking: begin to search for what has been understood of their turn.

        Its end is the question that `ask` gets. The session itself does this for whoever it
        listens to.
        """
        turn = self._turn_texts.setdefault(identity, Transcript())
        self._prefetch(turn.grown(segment, final=final), final, identity)

    def take_over(self, questions: Sequence[Question]) -> None:
        """An earlier agent has accepted these: they are stored, and `ask` will come."""
        for question in questions:
            self.events.already_recorded(question.id)
            self._waiting.add(question.id)

    async def accept(self, question: Question) -> bool:
        """Bring a question to disk that will be asked later; False if the disk does not take it.

        Until its turn it is in no prompt, neither in the window nor recalled.
        """
        self._waiting.add(question.id)
        return await self.events.accept_question(user_item(question))

    async def ask(self, question: Question) -> TurnTrace:
        """Answer a question: its message is on disk before the reply begins.

        One at a time. Cancelling interrupts the reply; what was said of it is stored.
        """
        self._turn_texts.pop(question.speaker, None)
        self._waiting.discard(question.id)
        conversation_id = str(self._resumed.conversation_id)
        with turn_span(conversation_id=conversation_id, question_id=question.id) as current:
            trace = await self._answer(question)
            current.set_attribute("longroom.outcome", trace.outcome)
        return trace

    async def _answer(self, question: Question) -> TurnTrace:
        message = user_item(question)
        await self.events.accept_question(message)
        # Meanwhile something else may have been said, a greeting say: the question comes after it.
        message.created_at = time.time()
        reply = self.session.generate_reply(
            user_input=message, input_modality="audio" if question.spoken else "text"
        )
        try:
            await reply
        except asyncio.CancelledError:
            reply.interrupt()
            raise
        return await self._ended(question.id, reply)

    async def follow(self, question_id: MessageId, reply: Reply) -> TurnTrace:
        """The end of a turn that the session answers by itself, as `ask` gives it."""
        await reply.speech
        return await self._ended(question_id, reply.speech, prompted_as=reply.prompted_as)

    async def _ended(
        self, question_id: MessageId, reply: SpeechHandle, prompted_as: MessageId | None = None
    ) -> TurnTrace:
        await self.agent.settled()
        # Before anybody is told that the question is answered: whoever takes over from a killed
        # process finds the answer on disk, and does not give another.
        await self.intake.settled(_DISK_TIMEOUT_S)
        trace = self._trace(reply, self.memory.recalled(prompted_as or question_id))
        self.intake.put(turn_record(question_id, trace.recalled, trace.outcome))
        return trace

    async def search(self, request: SearchRequest) -> SearchResponse:
        """Search this conversation. Raises BackendError."""
        return await self._client.search_conversation(
            self._resumed.conversation_id, request, timeout_s=self._settings.search_timeout_s
        )

    async def _search_again(self, request: SearchRequest) -> SearchResponse:
        """For the model: what waits to be answered has not been said yet, as it sees it."""
        unsaid = [MessageId(id_) for id_ in sorted(self._waiting)[:MAX_EXCLUDED_IDS]]
        response = await self.search(request.model_copy(update={"exclude_ids": unsaid}))
        hits = hits_without(response, self._waiting)
        return response.model_copy(update={"hits": hits})

    async def close(self) -> bool:
        """Close the session, then deliver what waits; False if some of it stays on disk.

        It is not lost then: the next agent of the room, or the sweep, delivers it.
        """
        await self.session.aclose()
        # Once more: why it closed was not known on_exit.
        await self._save_session()
        await self.memory.aclose()
        await self.intake.aclose(_LAST_DISK_TIMEOUT_S)
        delivered = await self._resumed.outbox.drain(self._settings.drain_timeout_s)
        await self._resumed.outbox.aclose()
        return delivered

    def _prefetch(self, text: str, final: bool, identity: str | None) -> None:
        self.memory.prefetch(text, window=self.agent.chat_ctx, final=final, identity=identity)

    def _support_agent(self) -> SupportAgent:
        settings = self._settings
        first_words = opening(
            last_message_at=self._resumed.last_message_at,
            greeting=settings.greeting,
            welcome_back=settings.welcome_back,
            absence_s=settings.welcome_back_after_s,
        )
        tool = search_tool(
            self._search_again,
            asker=lambda: self.memory.asker,
            window=lambda: self.memory.said(self.agent.chat_ctx),
            token_budget=settings.recall_token_budget,
        )
        return SupportAgent(
            settings.instructions,
            window=restored(self._resumed.window),
            window_messages=settings.rolling_window_messages,
            memory=self.memory,
            events=self.events,
            manners=Greeting(
                first_words,
                settings.farewell,
                self._people.somebody_listens,
                at_once=self._people.at_once,
            ),
            on_leave=self._save_session,
            tools=[tool],
        )

    async def _save_session(self) -> None:
        await self.intake.settled(_DISK_TIMEOUT_S)
        await self._resumed.outbox.accept_session(self._resumed.session_id, self._record.summary())

    def _trace(self, reply: SpeechHandle, recalled: Recalled) -> TurnTrace:
        counted = self._resumed.message_count + self.events.message_count
        return TurnTrace(
            answer=answer_text(reply),
            outcome=outcome_of(reply),
            recalled=recalled,
            window_messages=len(message_ids(self.agent.chat_ctx)),
            conversation_messages=max(counted, recalled.message_count or 0),
        )


def _recall_limits(settings: AgentSettings) -> RecallLimits:
    return RecallLimits(
        timeout_s=settings.recall_timeout_s,
        debounce_s=settings.recall_debounce_s,
        hits=settings.recall_limit,
        token_budget=settings.recall_token_budget,
        neighbours=settings.recall_neighbours,
        window_messages=settings.recall_window_messages,
    )
