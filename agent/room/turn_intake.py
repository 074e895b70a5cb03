"""A room's questions from their arrival to the word of how they ended."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from livekit import rtc

from agent.conversation.conversation_agent import ConversationAgent
from agent.conversation.turn_metrics import TurnMetrics
from agent.messages.question import Outcome, Question
from agent.room.text_input import TextInput
from agent.room.turn_queue import TurnQueue
from agent.room.turn_status import TurnStatus
from agent.worker_settings import WorkerSettings

LISTED_WITHIN_S = 5.0  # who publishes no track is listed up to 3 s late


class TurnIntake:
    """Takes what is typed and heard; has it answered one at a time once there is an agent."""

    def __init__(self, room: rtc.Room, worker: WorkerSettings, report: TurnMetrics) -> None:
        self._room = room
        self._turn_timeout_s = worker.turn_timeout_s
        self._report = report
        self._agent: asyncio.Future[ConversationAgent] = asyncio.get_running_loop().create_future()
        self._audible = asyncio.Event()
        self.status = TurnStatus(room)
        self._typed = TextInput(self.take, self.status.refused, max_chars=worker.text_max_chars)
        self._turns = TurnQueue(
            self,
            self.status,
            max_waiting_per_speaker=worker.waiting_per_speaker,
            max_waiting=worker.waiting_per_room,
        )

    def listen(self) -> None:
        """Before connecting: what is typed at once waits for the conversation."""
        self._typed.listen(self._room)

    def open(
        self, agent: ConversationAgent, *, waiting: Sequence[Question], settled: Sequence[Question]
    ) -> None:
        """Let this agent answer, first of all what an earlier one has left."""
        agent.take_over(waiting)
        self._turns.take_over(waiting=waiting, settled=settled)
        self._agent.set_result(agent)

    def audible(self) -> None:
        """Somebody of the room is linked: LiveKit drops what is said before."""
        self._audible.set()

    async def run(self) -> None:
        """Answer until cancelled."""
        await self._turns.run()

    async def take(self, question: Question) -> None:
        """Early questions wait for the conversation that they will be stored in."""
        await asyncio.shield(self._agent)
        await self._turns.add(question)

    async def accept(self, question: Question) -> bool:
        return await self._agent.result().accept(question)

    async def answer(self, question: Question) -> Outcome:
        await self._until_audible()
        try:
            async with asyncio.timeout(self._turn_timeout_s):
                trace = await self._agent.result().ask(question)
        except (TimeoutError, RuntimeError) as error:
            # RuntimeError: the session has closed; the room's next agent finds the question open.
            self._report.failed(question.id, type(error).__name__)
            return "failed"
        self._report.ended(question.id, trace)
        return trace.outcome

    async def finish(self) -> None:
        """Take nothing new; return when everything taken has been answered."""
        await self._typed.stop()
        await self._turns.idle()

    async def aclose(self) -> None:
        """Take nothing new, and leave what waits to the next agent."""
        await self._typed.aclose()

    async def _until_audible(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LISTED_WITHIN_S):
                await self._audible.wait()
