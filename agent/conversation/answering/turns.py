"""What is known of the turns that are being answered, by the id of the question in the prompt."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.conversation.answering.patience import Patience
from agent.llm.failure import ModelFailure
from agent.messages.question import answer_id
from retrieval.wire import MessageId

_KEPT = 32
_SPEAKING_S = 1.0
_GIVES_WAY_TIMES = 5
_PARTS_KEPT = 2_000
"""As many questions as are known by their ids: each may be asked again."""


@dataclass(frozen=True)
class RetryLimits:
    """`retries` further requests, none later than `within_s` after the turn's first one."""

    retries: int = 4
    first_delay_s: float = 0.5
    within_s: float = 30.0


@dataclass
class Turn:
    """`postponed_s`: it ended without an answer because others wait, and goes on after this time.

    `said` are the texts of its answer, `spoke` says that text was shown since it was asked, `calls`
    that its newest request brought calls of tools: what was said with them is not yet the answer.
    `others_wait` is set while another speaker's question waits; None where there is none.
    `silences`: how often it was postponed since the model said nothing. `stopped`: who asked wants
    no more of it. `is_erased`: its question was. `gives_way`: it begins anew if nothing of it was
    heard, since somebody speaks. `first_word_at` is of the monotonic clock, as `began_at`.
    """

    limits: RetryLimits
    patience: Patience = field(default_factory=Patience)
    others_wait: asyncio.Event | None = None
    began_at: float = field(default_factory=time.monotonic)
    failures: int = 0
    failure: ModelFailure | None = None
    apologised: bool = False
    calls: bool = False
    apology: str = ""
    said: list[str] = field(default_factory=list)
    waits: bool = False
    gave_extracts: bool = False
    spoke: bool = False
    first_word_at: float | None = None
    postponed_s: float | None = None
    silences: int = 0
    stopped: bool = False
    gives_way: bool = False
    gave_way: int = 0
    is_erased: Callable[[], bool] = lambda: False

    @property
    def is_broken(self) -> bool:
        return self.failure is not None and self.failure.reason == "broken_stream"

    def give_way(self) -> bool:
        """False after several times: then it is said, whoever speaks."""
        self.gives_way = self.gave_way < _GIVES_WAY_TIMES
        return self.gives_way

    def speaks(self) -> None:
        self.spoke = True
        self.first_word_at = self.first_word_at or time.monotonic()

    def begin_anew(self) -> None:
        """Nothing of it was heard."""
        self.first_word_at = None
        self.gave_way += 1
        self.postponed_s = _SPEAKING_S

    def delay_s(self, failure: ModelFailure) -> float | None:
        """Counts the failure; None if it was the last one."""
        self.failure = failure
        self.failures += 1
        if not failure.is_passing or self.failures > self.limits.retries:
            return None
        delay_s = max(
            self.limits.first_delay_s * 2 ** (self.failures - 1), failure.retry_after_s or 0.0
        )
        in_time = time.monotonic() - self.began_at + delay_s <= self.limits.within_s
        return delay_s if in_time else None


class Turns:
    """The newest ones."""

    def __init__(self, limits: RetryLimits, patience: Patience | None = None) -> None:
        self._limits = limits
        self._patience = patience or Patience()
        self._turns: OrderedDict[str, Turn] = OrderedDict()
        self._parts: OrderedDict[str, int] = OrderedDict()
        self.open: MessageId | None = None
        """The question that is being answered, unless the session answers it by itself."""

    def has_parts(self, question_id: str, parts: int) -> None:
        """So many messages of its answers are stored: the next one has a later number."""
        self._parts[question_id] = max(parts, self._parts.pop(question_id, 0))
        if len(self._parts) > _PARTS_KEPT:
            self._parts.popitem(last=False)

    def next_part(self, question_id: str) -> int:
        self.has_parts(question_id, self._parts.get(question_id, 0) + 1)
        return self._parts[question_id]

    def of(self, question_id: str | None) -> Turn:
        """A new one unless it is known; without a question always."""
        if question_id is None:
            return Turn(self._limits, self._patience)
        turn = self._turns.setdefault(question_id, Turn(self._limits, self._patience))
        self._turns.move_to_end(question_id)
        if len(self._turns) > _KEPT:
            self._turns.popitem(last=False)
        return turn

    def begin(self, question_id: MessageId, *, others_wait: asyncio.Event | None) -> Turn:
        """One that was postponed goes on with its limits; one that ended starts anew."""
        turn = self._turns.get(question_id)
        if turn is None or turn.postponed_s is None:
            self._turns.pop(question_id, None)
            turn = self.of(question_id)
        turn.postponed_s, turn.others_wait, turn.gives_way = None, others_wait, False
        turn.waits = False
        self.open = question_id
        return turn

    def forget(self, is_erased: Callable[[str], bool]) -> None:
        """The texts of answers that are over, where one of their messages was erased."""
        for question_id, turn in self._turns.items():
            parts = range(1, self._parts.get(question_id, 0) + 1)
            ids = [answer_id(MessageId(question_id), part) for part in parts]
            if question_id != self.open and any(map(is_erased, ids)):
                turn.said.clear()

    def end(self, question_id: MessageId) -> None:
        if self.open == question_id:
            self.open = None
