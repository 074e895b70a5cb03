"""One conversation's agent: takes questions, and closes what it owns."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice import SpeechHandle

from agent.conversation.event_records import turn_record
from agent.conversation.reply import TurnTrace, answer_text, outcome_of, user_item
from agent.conversation.reply_correlation import Reply
from agent.conversation.resume import Resumed
from agent.conversation.session_events import NOT_STORED, SessionEvents
from agent.conversation.session_summary import SessionTotals
from agent.conversation.support_agent import SupportAgent
from agent.messages.question import Outcome, Question, QuestionNotStored
from agent.messages.rolling_window import message_ids
from agent.outbox.write_buffer import WriteBuffer
from agent.recall.conversation_search import ConversationSearch
from agent.recall.recall import Recalled
from agent.recall.recalled_context import RecalledContext
from agent.tracing import turn_span
from retrieval.wire import MessageId

_DISK_TIMEOUT_S = 5.0
_LAST_DISK_TIMEOUT_S = 20.0


@dataclass(frozen=True, eq=False, kw_only=True)
class ConversationAgent:
    """Start `session` with `agent`, and close this last.

    `queued`: ids of accepted, stored questions whose turn has not begun; in no prompt until then.
    """

    session: AgentSession[Any]
    agent: SupportAgent
    events: SessionEvents
    recalled_context: RecalledContext
    conversation_search: ConversationSearch
    write_buffer: WriteBuffer
    totals: SessionTotals
    resumed: Resumed
    queued: set[str]
    drain_timeout_s: float

    def hear(self, segment: str, *, final: bool, identity: str) -> None:
        """Prefetch for a participant whom the session does not listen to; `ask` ends their turn."""
        self.agent.hear(segment, final=final, identity=identity)

    def expect(self, questions: Sequence[Question]) -> None:
        """These are stored by an earlier agent; `ask` follows."""
        for question in questions:
            self.events.already_recorded(question.id)
            self.queued.add(question.id)

    async def accept(self, question: Question) -> bool:
        """Write a question to disk before its turn; False if the disk refuses it for now.

        Raises QuestionNotStored if the disk has refused for so long that no memory is left for it.
        """
        if not self.write_buffer.takes_questions:
            self.write_buffer.refuse_question()
            raise QuestionNotStored(NOT_STORED)
        self.queued.add(question.id)
        return await self.events.accept_question(user_item(question))

    async def ask(self, question: Question) -> TurnTrace:
        """One at a time, the message on disk before the reply. Cancelling stores what was said."""
        self.recalled_context.end_turn(question.speaker)
        self.queued.discard(question.id)
        conversation_id = str(self.resumed.conversation_id)
        with turn_span(conversation_id=conversation_id, question_id=question.id) as current:
            speech = await self._reply(question)
            trace = await self._end_turn(question.id, speech)
            current.set_attribute("longroom.outcome", trace.outcome)
        return trace

    async def follow(self, question_id: MessageId, reply: Reply) -> TurnTrace:
        """Wait for the end of a turn that the session answers by itself."""
        await reply.speech
        return await self._end_turn(question_id, reply.speech, prompted_as=reply.prompted_as)

    async def close(self) -> bool:
        """Close the session and deliver; False if something stays on disk, for the next agent."""
        await self.session.aclose()
        # Again: on_exit did not know yet why the session closed.
        await self.totals.save()
        await self.recalled_context.aclose()
        await self.write_buffer.aclose(_LAST_DISK_TIMEOUT_S)
        delivered = await self.resumed.outbox.drain(self.drain_timeout_s)
        await self.resumed.outbox.aclose()
        return delivered

    async def record_failure(self, question: Question) -> None:
        """Call when `ask` was given up, before its end is announced."""
        await self._record_end(question.id, Recalled(), "failed")

    async def _record_end(
        self, question_id: MessageId, recalled: Recalled, outcome: Outcome
    ) -> None:
        """On disk before it is announced, unless an answer shows it: the next agent must not answer
        what was given up.
        """
        self.write_buffer.put(turn_record(question_id, recalled, outcome))
        if outcome != "answered":
            await self.write_buffer.flush(_DISK_TIMEOUT_S)

    async def _reply(self, question: Question) -> SpeechHandle:
        message = user_item(question)
        await self.events.accept_question(message)
        await self.agent.forget(question.id)
        # Something may have been said meanwhile, such as a greeting: the question comes after it.
        message.created_at = time.time()
        speech = self.session.generate_reply(
            user_input=message, input_modality="audio" if question.spoken else "text"
        )
        try:
            await speech
        except asyncio.CancelledError:
            speech.interrupt()
            raise
        return speech

    async def _end_turn(
        self, question_id: MessageId, speech: SpeechHandle, prompted_as: MessageId | None = None
    ) -> TurnTrace:
        await self.agent.finish_trimming()
        # Before the question is reported as answered: if this process is killed, the next agent
        # finds the answer on disk and does not give another.
        await self.write_buffer.flush(_DISK_TIMEOUT_S)
        outcome = outcome_of(speech)
        recalled = self.recalled_context.recalled(prompted_as or question_id)
        await self._record_end(question_id, recalled, outcome)
        counted = self.resumed.message_count + self.events.message_count
        return TurnTrace(
            answer=answer_text(speech),
            outcome=outcome,
            recalled=recalled,
            window_messages=len(message_ids(self.agent.chat_ctx)),
            conversation_messages=max(counted, recalled.message_count or 0),
        )
