"""Who is answered next: one turn at a time, each speaker's in order, speakers in rotation."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from agent.question import Outcome, Question

REMEMBERED_IDS = 2_000


class Audience(Protocol):
    """Who is told how a question ends."""

    async def answering(self, question_id: str, speaker: str) -> None: ...
    async def ended(self, question_id: str, speaker: str, outcome: Outcome) -> None: ...
    async def refused(self, question_id: str, speaker: str, reason: str) -> None: ...


class Turns:
    """A bounded waiting line per speaker; nobody's flood delays another by more than a turn."""

    def __init__(
        self,
        reply: Callable[[Question], Awaitable[Outcome]],
        audience: Audience,
        *,
        max_waiting_per_speaker: int,
        max_waiting: int,
    ) -> None:
        self._reply = reply
        self._audience = audience
        self._max_waiting_per_speaker = max_waiting_per_speaker
        self._max_waiting = max_waiting
        self._lines: OrderedDict[str, deque[Question]] = OrderedDict()
        self._outcomes: OrderedDict[str, Outcome | None] = OrderedDict()
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def remember(self, question_id: str, outcome: Outcome | None) -> None:
        """Note how a question stands: None while it waits or is being answered."""
        self._outcomes[question_id] = outcome
        self._outcomes.move_to_end(question_id)
        if len(self._outcomes) > REMEMBERED_IDS:
            self._outcomes.popitem(last=False)

    async def add(self, question: Question) -> None:
        """Put a question in its speaker's line, or tell the speaker why not.

        A client that sends a question again, with its id, is not answered twice.
        """
        if question.id in self._outcomes:
            if outcome := self._outcomes[question.id]:
                await self._audience.ended(question.id, question.speaker, outcome)
            return
        if reason := self._why_full(question.speaker):
            await self._audience.refused(question.id, question.speaker, reason)
            return
        self.remember(question.id, None)
        self._lines.setdefault(question.speaker, deque()).append(question)
        self._idle.clear()
        self._arrived.set()

    def _why_full(self, speaker: str) -> str | None:
        line = self._lines.get(speaker, ())
        if len(line) >= self._max_waiting_per_speaker:
            return f"{len(line)} of your messages are waiting; send it again after the next answer"
        if sum(map(len, self._lines.values())) >= self._max_waiting:
            return "too many messages are waiting in this room; send it again in a moment"
        return None

    async def run(self) -> None:
        """Answer questions until cancelled."""
        while True:
            await self._arrived.wait()
            while question := self._next():
                await self._take(question)
            self._arrived.clear()
            self._idle.set()

    async def idle(self) -> None:
        """Return when nothing waits and nothing is being answered."""
        await self._idle.wait()

    def _next(self) -> Question | None:
        if not self._lines:
            return None
        speaker, line = self._lines.popitem(last=False)
        question = line.popleft()
        if line:
            self._lines[speaker] = line
        return question

    async def _take(self, question: Question) -> None:
        await self._audience.answering(question.id, question.speaker)
        outcome = await self._reply(question)
        self.remember(question.id, outcome)
        await self._audience.ended(question.id, question.speaker, outcome)
