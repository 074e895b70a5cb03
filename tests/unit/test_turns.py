import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from agent.question import Outcome, Question
from agent.room.turns import Turns
from retrieval.wire import MessageId


class Audience:
    """Remembers what it was told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.reasons: list[str] = []

    async def answering(self, question_id: str, speaker: str) -> None:
        self.told.append((question_id, "answering"))

    async def ended(self, question_id: str, speaker: str, outcome: Outcome) -> None:
        self.told.append((question_id, outcome))

    async def refused(self, question_id: str, speaker: str, reason: str) -> None:
        self.told.append((question_id, "refused"))
        self.reasons.append(reason)


def question(question_id: str, speaker: str = "alice") -> Question:
    return Question(MessageId(question_id), speaker, "a text", datetime.now(UTC))


@asynccontextmanager
async def running(turns: Turns) -> AsyncIterator[None]:
    task = asyncio.create_task(turns.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def make_turns(
    audience: Audience, answered: list[str], *, per_speaker: int = 10, total: int = 100
) -> Turns:
    async def reply(asked: Question) -> Outcome:
        answered.append(asked.id)
        await asyncio.sleep(0)
        return "answered"

    return Turns(reply, audience, max_waiting_per_speaker=per_speaker, max_waiting=total)


async def test_each_speaker_is_answered_in_the_order_asked() -> None:
    answered: list[str] = []
    turns = make_turns(Audience(), answered)
    for number in range(5):
        await turns.add(question(f"a{number}"))
    async with running(turns):
        await turns.idle()
    assert answered == ["a0", "a1", "a2", "a3", "a4"]


async def test_a_flood_of_one_speaker_delays_another_by_one_turn_at_most() -> None:
    answered: list[str] = []
    turns = make_turns(Audience(), answered)
    for number in range(9):
        await turns.add(question(f"a{number}", "alice"))
    await turns.add(question("b0", "bob"))
    async with running(turns):
        await turns.idle()
    assert answered.index("b0") == 1


async def test_a_flood_is_bounded_and_its_sender_is_told() -> None:
    audience = Audience()
    turns = make_turns(audience, [], per_speaker=3)
    for number in range(5):
        await turns.add(question(f"a{number}"))
    assert audience.told == [("a3", "refused"), ("a4", "refused")]
    assert "3 of your messages are waiting" in audience.reasons[0]


async def test_many_speakers_together_are_bounded_too() -> None:
    audience = Audience()
    turns = make_turns(audience, [], total=4)
    for number in range(6):
        await turns.add(question(f"q{number}", f"person {number}"))
    assert audience.told == [("q4", "refused"), ("q5", "refused")]


async def test_a_refused_question_may_be_sent_again() -> None:
    answered: list[str] = []
    turns = make_turns(Audience(), answered, per_speaker=1)
    await turns.add(question("a0"))
    await turns.add(question("a1"))
    async with running(turns):
        await turns.idle()
        await turns.add(question("a1"))
        await turns.idle()
    assert answered == ["a0", "a1"]


async def test_a_question_sent_twice_is_answered_once_and_its_outcome_repeated() -> None:
    audience, answered = Audience(), list[str]()
    turns = make_turns(audience, answered)
    async with running(turns):
        await turns.add(question("a0"))
        await turns.idle()
        await turns.add(question("a0"))
        await turns.idle()
    assert answered == ["a0"]
    assert audience.told == [("a0", "answering"), ("a0", "answered"), ("a0", "answered")]


async def test_a_question_answered_by_an_earlier_agent_is_not_answered_again() -> None:
    audience, answered = Audience(), list[str]()
    turns = make_turns(audience, answered)
    turns.remember("a0", "answered")
    await turns.add(question("a0"))
    assert audience.told == [("a0", "answered")]
    assert answered == []
