"""One conversation's agent: takes questions, and closes what it owns."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from livekit.agents import Agent, AgentSession
from livekit.agents.voice import SpeechHandle

from agent.conversation.answering.turns import Turn, Turns
from agent.conversation.forgetting import Forgetting
from agent.conversation.resume import Resumed
from agent.conversation.session.agent_hooks import AgentHooks
from agent.conversation.session.event_records import asked_again_record
from agent.conversation.session.events import ERASED, NOT_STORED, SessionEvents
from agent.conversation.session.handoffs import Handoffs
from agent.conversation.session.reply import Asked, TurnResult, outcome_of, reason_of, user_item
from agent.conversation.session.reply_correlation import Reply
from agent.conversation.session.window import SessionWindow
from agent.conversation.session_summary import SessionTotals
from agent.conversation.turn_records import TurnRecords
from agent.conversation.unanswered import Unanswered
from agent.messages.question import Outcome, Question, QuestionNotStored
from agent.outbox.write_buffer import WriteBuffer
from agent.recall.conversation_search import ConversationSearch
from agent.recall.recalled_context import RecalledContext
from agent.tracing import turn_span
from retrieval.wire import MessageId

_DISK_TIMEOUT_S = 5.0
_LAST_DISK_TIMEOUT_S = 20.0


@dataclass(frozen=True, eq=False, kw_only=True)
class ConversationAgent:
    """Recording begins with its construction; close it last.

    `queued`: ids of accepted, stored questions whose turn has not begun; in no prompt until then.
    """

    session: AgentSession[Any]
    hooks: AgentHooks
    window: SessionWindow
    handoffs: Handoffs
    events: SessionEvents
    forgetting: Forgetting
    recalled_context: RecalledContext
    conversation_search: ConversationSearch
    write_buffer: WriteBuffer
    records: TurnRecords
    totals: SessionTotals
    resumed: Resumed
    queued: set[str]
    turns: Turns
    apology: str
    drain_timeout_s: float

    async def start(self, agent: Agent, **options: Any) -> None:
        """`options` are those of `AgentSession.start`."""
        await self.hooks.adopt(agent)
        self.forgetting.start()
        await self.session.start(agent, **options)

    def hear(self, segment: str, *, final: bool, identity: str | None = None) -> None:
        """Prefetch for a turn being spoken, by default by the linked participant.

        `ask` ends the turn of anyone else.
        """
        self.recalled_context.hear(
            segment, final=final, window=self.window.chat_ctx, identity=identity
        )

    def expect(self, unanswered: Unanswered) -> None:
        """What an earlier agent has stored; `ask` follows for those that wait."""
        for question in unanswered.waiting:
            self.events.already_recorded(question.id)
            self.queued.add(question.id)
        for question, _ in unanswered.ended:
            self.events.already_recorded(question.id)
        for question_id, parts in unanswered.parts.items():
            self.turns.has_parts(question_id, parts)

    async def accept(self, question: Question) -> bool:
        """Write a question to disk before its turn; False if the disk refuses it for now, or if it
        was typed and another agent has the room, which may have got it long ago under its id.

        Raises QuestionNotStored if the disk has refused for so long that no memory is left for it.
        """
        if not question.spoken and not await self.resumed.epoch.holds():
            return False
        if self.forgetting.known.erasures.everything:
            raise QuestionNotStored(ERASED)
        if not self.write_buffer.takes_questions:
            self.write_buffer.refuse_question()
            raise QuestionNotStored(NOT_STORED)
        self.queued.add(question.id)
        if self.events.has_recorded(question.id):
            self.write_buffer.put(asked_again_record(question.id))
        return await self.events.accept_question(user_item(question))

    async def ask(
        self, question: Question, *, others_wait: asyncio.Event | None = None
    ) -> TurnResult:
        """One at a time, the message on disk before the reply. Cancelling stores what was said.

        While a failed model is given time the turn is postponed if `others_wait` is set.
        """
        turn = self.turns.begin(question.id, others_wait=others_wait)
        turn.is_erased = partial(self.forgetting.known.covers, question)
        self.recalled_context.end_turn(question.speaker)
        self.queued.discard(question.id)
        conversation_id = str(self.resumed.conversation_id)
        with turn_span(conversation_id=conversation_id, question_id=question.id) as current:
            try:
                speech = await self._reply(question, turn)
                if turn.gives_way and speech.interrupted and not any(turn.said):
                    turn.begin_anew()
                if (postponed_s := turn.postponed_s) is not None:
                    return await self._postponed(question, postponed_s)
                result = await self._end_turn(_asked(question, turn), speech)
            except asyncio.CancelledError:
                self.records.trace(_asked(question, turn), turn, "interrupted")
                raise
            finally:
                self.turns.end(question.id)
            current.set_attribute("longroom.outcome", result.outcome)
        return result

    def stop(self, question_id: MessageId) -> None:
        """Of a question that is being answered: what was said stays, as interrupted."""
        self.turns.of(question_id).stopped = True
        self.fall_silent()

    def give_way(self, question_id: MessageId) -> None:
        """Be silent, since somebody speaks; begin anew later if nothing of the answer was heard."""
        if self.turns.of(question_id).give_way():
            self.fall_silent()

    async def withdraw(self, question: Question) -> Outcome:
        """Of a question that waits: it is stored, and nothing is said."""
        self.queued.discard(question.id)
        turn = self.turns.of(question.id)
        await self.records.ended(_asked(question, turn), turn, "interrupted")
        return "interrupted"

    def fall_silent(self) -> None:
        """What was said stays, as interrupted."""
        with suppress(RuntimeError):  # the session is closing
            self.session.interrupt()

    async def follow(self, asked: Asked, reply: Reply) -> TurnResult:
        """Wait for the end of a turn that the session answers by itself."""
        prompted_as = reply.prompted_as or asked.id
        await self.handoffs.until_over(reply.speech)
        self.turns.of(prompted_as).waits = not reply.speech.done()
        return await self._end_turn(asked, reply.speech, prompted_as=prompted_as)

    async def close(self) -> bool:
        """Close the session and deliver; False if something stays on disk, for the next agent."""
        await self.session.aclose()
        await self.forgetting.changes.aclose()
        await self.window.finish_trimming()
        await self.totals.save()
        await self.recalled_context.aclose()
        await self.write_buffer.aclose(_LAST_DISK_TIMEOUT_S)
        delivered = await self.resumed.outbox.drain(self.drain_timeout_s)
        await self.resumed.outbox.aclose()
        return delivered

    async def give_up(self, question: Question) -> str:
        """Call when `ask` was cancelled for its time. Returns the apology, if one was said."""
        apology = ""
        if not self.turns.of(question.id).spoke:
            apology = await self._apologise(question.id)
        turn = self.turns.of(question.id)
        await self.records.ended(_asked(question, turn), turn, "failed", "turn_timeout")
        return apology

    async def _apologise(self, question_id: MessageId) -> str:
        if not self.apology:
            return ""
        self.turns.of(question_id).apologised = True
        with self.events.saying_for(question_id):
            speech = self.session.say(self.apology)
        await speech
        await self.write_buffer.flush(_DISK_TIMEOUT_S)
        return self.apology

    async def _reply(self, question: Question, turn: Turn) -> SpeechHandle:
        message = user_item(question)
        await self.events.accept_question(message)
        await self.window.forget(question.id)
        # Something may have been said meanwhile, such as a greeting: the question comes after it.
        message.created_at = time.time()
        speech = self.session.generate_reply(
            user_input=message, input_modality="audio" if question.spoken else "text"
        )
        if turn.stopped:
            speech.interrupt()
        try:
            await self.handoffs.until_over(speech)
            turn.waits = not speech.done()
        except asyncio.CancelledError:
            speech.interrupt()
            raise
        return speech

    async def _postponed(self, question: Question, postponed_s: float) -> TurnResult:
        """Until it goes on, the question is in no prompt."""
        await self.window.forget(question.id)
        self.queued.add(question.id)
        return TurnResult(
            answer="",
            outcome="failed",
            recalled=self.recalled_context.recalled(question.id),
            window_messages=self.records.window_messages,
            conversation_messages=self.records.message_count,
            postponed_s=postponed_s,
        )

    async def _end_turn(
        self, asked: Asked, speech: SpeechHandle, prompted_as: MessageId | None = None
    ) -> TurnResult:
        await self.window.finish_trimming()
        turn = self.turns.of(prompted_as or asked.id)
        # Before the question is reported as answered: if this process is killed, the next agent
        # finds the answer on disk and does not give another.
        await self.write_buffer.flush(_DISK_TIMEOUT_S)
        outcome, reason = outcome_of(speech, turn), reason_of(speech, turn)
        recalled = self.recalled_context.recalled(prompted_as or asked.id)
        await self.records.ended(asked, turn, outcome, reason, prompted_as=prompted_as)
        return TurnResult(
            answer="\n".join(turn.said),
            outcome=outcome,
            recalled=recalled,
            window_messages=self.records.window_messages,
            conversation_messages=max(self.records.message_count, recalled.message_count or 0),
            reason=reason,
            apology=turn.apology,
        )


def _asked(question: Question, turn: Turn) -> Asked:
    return Asked(question.id, question.speaker, question.asked_at, turn.began_at)
