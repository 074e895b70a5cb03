"""Which question is next: one at a time, each speaker's in order, speakers in rotation."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from agent.messages.question import Outcome, Postponed, Question, QuestionNotStored
from agent.messages.sanitize import storable_content, storable_name

REMEMBERED_IDS = 2_000
OTHER_MESSAGE = "another message was sent under this id; send this one under another id"


class Audience(Protocol):
    async def accepted(self, question_id: str, speaker: str) -> None: ...
    async def answering(self, question_id: str, speaker: str) -> None: ...
    async def ended(self, question_id: str, speaker: str, outcome: Outcome) -> None: ...
    async def refused(self, question_id: str, speaker: str, reason: str) -> None: ...


class Answerer(Protocol):
    """`accept` writes to disk or returns False; `answer` returns at the end of the turn, or None
    if it leaves the question to the room's next agent.

    `accept` raises QuestionNotStored if the question is not to be answered.
    """

    async def accept(self, question: Question) -> bool: ...
    async def answer(self, question: Question) -> Outcome | Postponed | None: ...


Answered = Outcome | Postponed | None


@dataclass(frozen=True)
class _Known:
    """`outcome` is None while the question is pending or being answered; `accepted`: on disk."""

    content: int
    outcome: Outcome | None
    accepted: bool


class TurnQueue:
    """A bounded queue per speaker: a flood from one delays others by one turn at most."""

    def __init__(
        self,
        answerer: Answerer,
        audience: Audience,
        *,
        max_waiting_per_speaker: int,
        max_waiting: int,
    ) -> None:
        self._answerer = answerer
        self._audience = audience
        self._max_waiting_per_speaker = max_waiting_per_speaker
        self._max_waiting = max_waiting
        self._queues: OrderedDict[str, deque[Question]] = OrderedDict()
        self._due: dict[str, float] = {}
        self._answering: str | None = None
        self.others_wait = asyncio.Event()
        """Set while a question of another speaker than the one being answered could be next."""
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._being_accepted = 0
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def resume(
        self, *, waiting: Sequence[Question], ended: Sequence[tuple[Question, Outcome]]
    ) -> None:
        """Continue an earlier agent's queue: it has accepted the `waiting` questions."""
        for question, outcome in ended:
            self._remember(question, outcome)
        for question in waiting:
            self._remember(question, None, accepted=True)
            self._enqueue(question)

    async def add(self, question: Question) -> None:
        """Queue a question once per id, or tell its speaker why not. One that failed may be sent
        again under its id.
        """
        known = self._known.get(question.id)
        if known is not None and not _is_asked_anew(question, known):
            await self._repeat(question, known)
            return
        if reason := self._why_full(question.speaker):
            await self._audience.refused(question.id, question.speaker, reason)
            return
        self._remember(question, None)
        self._idle.clear()
        self._being_accepted += 1
        refusal = None
        try:
            if await self._answerer.accept(question):
                self._remember(question, None, accepted=True)
                await self._audience.accepted(question.id, question.speaker)
        except QuestionNotStored as error:
            refusal = str(error)
        finally:
            self._being_accepted -= 1
            if refusal is None:
                self._enqueue(question)
        if refusal is not None:
            await self._give_back(question, refusal)

    async def run(self) -> None:
        while True:
            await self._arrived.wait()
            while self._queues:
                question = self._next()
                await (self._take(question) if question else self._until_due())
            self._arrived.clear()
            if not self._being_accepted:
                self._idle.set()

    def withdraw(self, is_erased: Callable[[Question], bool]) -> list[Question]:
        """Take erased questions out; sent again, their end is told."""
        withdrawn = []
        for speaker, queue in list(self._queues.items()):
            erased = [question for question in queue if is_erased(question)]
            for question in erased:
                queue.remove(question)
                self._remember(question, "interrupted")
            if not queue:
                del self._queues[speaker]
                self._due.pop(speaker, None)
            withdrawn += erased
        self._arrived.set()
        return withdrawn

    async def idle(self) -> None:
        await self._idle.wait()

    async def _repeat(self, question: Question, known: _Known) -> None:
        if known.content != _content(question):
            await self._audience.refused(question.id, question.speaker, OTHER_MESSAGE)
        elif known.outcome is None:
            # While the disk refuses it, its sender must not be told more than the first time.
            if known.accepted:
                await self._audience.accepted(question.id, question.speaker)
        else:
            await self._audience.ended(question.id, question.speaker, known.outcome)

    def _why_full(self, speaker: str) -> str | None:
        queue = self._queues.get(speaker, ())
        if len(queue) >= self._max_waiting_per_speaker:
            return f"{len(queue)} of your messages are waiting; send it again after the next answer"
        if sum(map(len, self._queues.values())) + self._being_accepted >= self._max_waiting:
            return "too many messages are waiting in this room; send it again in a moment"
        return None

    async def _give_back(self, question: Question, reason: str) -> None:
        """Sent again under its id, it is a new question."""
        self._known.pop(question.id, None)
        self._arrived.set()
        await self._audience.refused(question.id, question.speaker, reason)

    def _enqueue(self, question: Question) -> None:
        self._queues.setdefault(question.speaker, deque()).append(question)
        if self._answering not in {None, question.speaker} and self._is_due(question.speaker):
            self.others_wait.set()
        self._idle.clear()
        self._arrived.set()

    def _next(self) -> Question | None:
        """None if all that is left was postponed."""
        speaker = next(filter(self._is_due, self._queues), None)
        if speaker is None:
            return None
        self._due.pop(speaker, None)
        queue = self._queues.pop(speaker)
        question = queue.popleft()
        if queue:
            self._queues[speaker] = queue
        return question

    def _is_due(self, speaker: str) -> bool:
        return self._due.get(speaker, 0.0) <= asyncio.get_running_loop().time()

    async def _until_due(self) -> None:
        self._arrived.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(self._due.values())):
                await self._arrived.wait()

    def _postpone(self, question: Question, seconds: float) -> None:
        """Its speaker's later questions stay behind it."""
        speaker = question.speaker
        queue = self._queues.setdefault(speaker, deque())
        queue.appendleft(question)
        self._due[speaker] = asyncio.get_running_loop().time() + seconds

    async def _take(self, question: Question) -> None:
        await self._audience.answering(question.id, question.speaker)
        self._answering = question.speaker
        outcome = await self._with_others(self._answerer.answer(question))
        self._answering = None
        if isinstance(outcome, Postponed):
            self._postpone(question, outcome.seconds)
            return
        if outcome is None:
            return
        self._remember(question, outcome)
        await self._audience.ended(question.id, question.speaker, outcome)

    async def _with_others(self, answering: Awaitable[Answered]) -> Answered:
        """With `others_wait` up to date."""
        self.others_wait.clear()
        others = [speaker for speaker in self._queues if speaker != self._answering]
        if any(map(self._is_due, others)):
            self.others_wait.set()
        loop = asyncio.get_running_loop()
        later = [
            loop.call_at(self._due[speaker], self.others_wait.set)
            for speaker in others
            if speaker in self._due
        ]
        try:
            return await answering
        finally:
            for call in later:
                call.cancel()

    def _remember(
        self, question: Question, outcome: Outcome | None, *, accepted: bool = False
    ) -> None:
        self._known[question.id] = _Known(_content(question), outcome, accepted)
        self._known.move_to_end(question.id)
        if len(self._known) > REMEMBERED_IDS:
            self._known.popitem(last=False)


def _is_asked_anew(question: Question, known: _Known) -> bool:
    return known.outcome == "failed" and known.content == _content(question)


def _content(question: Question) -> int:
    """Of the stored form: all that is known of an earlier agent's questions."""
    speaker = storable_name(question.speaker, default="user")
    return hash((speaker, storable_content(question.text)))
