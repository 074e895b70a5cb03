"""A room's questions, from arrival to the status that says how they ended."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from livekit import rtc
from livekit.agents import UserInputTranscribedEvent

from agent.background_tasks import BackgroundTasks
from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.memory_options import MemoryOptions
from agent.conversation.turn_metrics import TurnMetrics
from agent.conversation.unanswered import Unanswered
from agent.messages.question import Outcome, Postponed, Question
from agent.room.turns.floor import Floor
from agent.room.turns.queue import TurnQueue
from agent.room.turns.status import TurnStatus
from agent.room.typed.legacy_chat import LegacyChat
from agent.room.typed.stop_requests import StopRequests
from agent.room.typed.text_input import TextInput
from agent.worker_settings import RoomSettings

LISTED_WITHIN_S = 5.0  # who publishes no track is listed up to 3 s late


class TurnIntake:
    """`refusal` says why a sender is not answered, or None."""

    def __init__(
        self,
        room: rtc.Room,
        settings: RoomSettings,
        metrics: TurnMetrics,
        options: MemoryOptions,
        *,
        refusal: Callable[[str], str | None],
    ) -> None:
        self._room = room
        self._turn_timeout_s = settings.turn_timeout_s
        self._metrics = metrics
        self._agent: asyncio.Future[ConversationAgent] = asyncio.get_running_loop().create_future()
        self._early: set[str] = set()
        self._replies_allowed = asyncio.Event()
        self._takes_text = options.typed_text
        self.status = TurnStatus(room, is_sent=options.statuses)
        self._text_input = TextInput(
            self.take,
            self.status.refused,
            max_chars=settings.text_max_chars,
            on_arrival=self._arrived,
            refusal=refusal,
        )
        self._legacy_chat = LegacyChat(room, self._text_input)
        self._stop_requests = StopRequests(self._stop)
        self._tasks = BackgroundTasks()
        self._floor = Floor()
        self._current: Question | None = None
        self._turns = TurnQueue(
            self,
            self.status,
            max_waiting_per_speaker=settings.waiting_per_speaker,
            max_waiting=settings.waiting_per_room,
        )

    def listen(self) -> None:
        """Call before connecting; early questions wait for `open`."""
        if self._takes_text:
            self._text_input.listen(self._room)
            self._legacy_chat.listen()
        self._stop_requests.listen(self._room)
        self.status.listen()

    def open(self, agent: ConversationAgent, unanswered: Unanswered) -> None:
        """Begin with the questions that an earlier agent left waiting."""
        agent.expect(unanswered)
        agent.forgetting.also.append(lambda _: self._withdraw_erased(agent))
        self._turns.resume(waiting=unanswered.waiting, ended=unanswered.ended)
        # The queue has them now, and forgets what is erased.
        unanswered.waiting.clear()
        unanswered.ended.clear()
        self._agent.set_result(agent)

    def allow_replies(self) -> None:
        """Call when a participant is linked: LiveKit drops replies before that."""
        self._replies_allowed.set()

    async def run(self, *, until: asyncio.Event) -> None:
        """Answer one question after the other; `until` interrupts, and nothing is told of it.

        Raises what was not foreseen of an answer.
        """
        answering = asyncio.create_task(self._turns.run())
        ended = asyncio.create_task(until.wait())
        try:
            await asyncio.wait({answering, ended}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
        finally:
            answering.cancel()
            ended.cancel()
            await asyncio.wait({answering, ended})

    async def take(self, question: Question) -> None:
        """Before `open` this waits for the agent that will store the question."""
        self._stop_requests.take(question)  # of an earlier question under this id
        await asyncio.shield(self._agent)
        came_early = question.id in self._early
        self._early.discard(question.id)
        if not (came_early and self.status.has_heard_end(question.id)):
            await self._turns.add(question)

    def _arrived(self, message_id: str) -> None:
        """Before `open` an earlier agent may have got the same message, and tell its end."""
        if not self._agent.done():
            self._early.add(message_id)

    async def accept(self, question: Question) -> bool:
        return await self._agent.result().accept(question)

    async def answer(self, question: Question) -> Outcome | Postponed | None:
        """None if the session has closed, or another agent has the room: that one answers it."""
        await self._until_replies_allowed()
        await self._floor.free()
        agent = self._agent.result()
        if not await agent.resumed.epoch.holds():
            return None
        if agent.forgetting.known.covers(question):
            return "interrupted"
        if self._stop_requests.take(question):
            return await agent.withdraw(question)
        self._current = question
        try:
            return await self._answer(agent, question)
        finally:
            self._current = None

    def heard(self, identity: str, event: UserInputTranscribedEvent) -> None:
        """Somebody speaks. Who asked and goes on speaking gets no answer to the first part."""
        said, final = event.transcript, event.is_final
        if said.strip():
            self._floor.heard(identity, final=final)
        if not self._agent.done():
            return
        agent, current = self._agent.result(), self._current
        agent.hear(said, final=final, identity=identity)
        if final or not said.strip():
            return
        if current is not None and current.speaker != identity:
            agent.give_way(current.id)
        else:
            agent.fall_silent()

    def _withdraw_erased(self, agent: ConversationAgent) -> None:
        for question in self._turns.withdraw(agent.forgetting.known.covers):
            agent.queued.discard(question.id)
            ended = self.status.ended(question.id, question.speaker, "interrupted")
            self._tasks.start(ended)

    def _stop(self, question_id: str, sender: str) -> None:
        current = self._current
        if current is not None and (current.id, current.speaker) == (question_id, sender):
            self._stop_requests.take(current)
            self._agent.result().stop(current.id)

    async def _answer(
        self, agent: ConversationAgent, question: Question
    ) -> Outcome | Postponed | None:
        try:
            async with asyncio.timeout(self._turn_timeout_s):
                result = await agent.ask(question, others_wait=self._turns.others_wait)
        except TimeoutError:
            return await self._give_up(agent, question)
        except RuntimeError as error:
            self._metrics.failed(question.id, type(error).__name__)
            return None
        if result.postponed_s is not None:
            return Postponed(result.postponed_s)
        self._metrics.ended(question.id, result)
        self.status.explain(question.id, result.reason)
        await self._legacy_chat.answer(question.id, result.answer or result.apology)
        return result.outcome

    async def _give_up(self, agent: ConversationAgent, question: Question) -> Outcome:
        self._metrics.failed(question.id, "turn_timeout")
        apology = await agent.give_up(question)
        self.status.explain(question.id, "turn_timeout")
        await self._legacy_chat.answer(question.id, apology)
        return "failed"

    async def finish(self) -> None:
        """Take nothing new; return when all taken questions are answered."""
        await self._text_input.stop()
        await self._turns.idle()

    async def aclose(self) -> None:
        """Take nothing new; unanswered questions are left to the next agent."""
        await self._text_input.aclose()
        await self._stop_requests.aclose()
        await self._tasks.aclose()

    async def _until_replies_allowed(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LISTED_WITHIN_S):
                await self._replies_allowed.wait()
