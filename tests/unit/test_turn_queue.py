import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from agent.messages.question import Outcome, Postponed, Question, QuestionNotStored
from agent.room.turns.queue import OTHER_MESSAGE, TurnQueue
from retrieval.wire import MessageId


class Audience:
    """Remembers what it was told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.reasons: list[str] = []

    async def accepted(self, question_id: str, speaker: str) -> None:
        self.told.append((question_id, "accepted"))

    async def answering(self, question_id: str, speaker: str) -> None:
        self.told.append((question_id, "answering"))

    async def ended(self, question_id: str, speaker: str, outcome: Outcome) -> None:
        self.told.append((question_id, outcome))

    async def refused(self, question_id: str, speaker: str, reason: str) -> None:
        self.told.append((question_id, "refused"))
        self.reasons.append(reason)


class Answerer:
    """Notes what it accepts and answers; `disk_works` false: it accepts nothing.

    `memory_is_full`: it takes nothing.
    """

    def __init__(self, answered: list[str]) -> None:
        self.answered = answered
        self.accepted: list[str] = []
        self.outcomes: list[Outcome | Postponed | None] = []
        self.disk_works = True
        self.memory_is_full = False
        self.may_accept = asyncio.Event()
        self.may_accept.set()

    async def accept(self, question: Question) -> bool:
        if self.memory_is_full:
            raise QuestionNotStored("the disk is full")
        self.accepted.append(question.id)
        await self.may_accept.wait()
        return self.disk_works

    async def answer(self, question: Question) -> Outcome | Postponed | None:
        self.answered.append(question.id)
        await asyncio.sleep(0)
        return self.outcomes.pop(0) if self.outcomes else "answered"


def question(question_id: str, speaker: str = "alice", text: str = "a text") -> Question:
    return Question(MessageId(question_id), speaker, text, datetime.now(UTC))


@asynccontextmanager
async def running(turns: TurnQueue) -> AsyncIterator[None]:
    task = asyncio.create_task(turns.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def make_turns(
    audience: Audience, answered: list[str] | Answerer, *, per_speaker: int = 10, total: int = 100
) -> TurnQueue:
    answerer = answered if isinstance(answered, Answerer) else Answerer(answered)
    return TurnQueue(answerer, audience, max_waiting_per_speaker=per_speaker, max_waiting=total)


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
    assert audience.told[-2:] == [("a3", "refused"), ("a4", "refused")]
    assert "3 of your messages are waiting" in audience.reasons[0]


async def test_many_speakers_together_are_bounded_too() -> None:
    audience = Audience()
    turns = make_turns(audience, [], total=4)
    for number in range(6):
        await turns.add(question(f"q{number}", f"person {number}"))
    assert audience.told[-2:] == [("q4", "refused"), ("q5", "refused")]


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
    steps = ["accepted", "answering", "answered", "answered"]
    assert audience.told == [("a0", step) for step in steps]


async def test_a_question_answered_by_an_earlier_agent_is_not_answered_again() -> None:
    audience, answered = Audience(), list[str]()
    turns = make_turns(audience, answered)
    turns.resume(waiting=[], ended=[(question("a0"), "answered"), (question("a1"), "empty")])
    await turns.add(question("a0"))
    await turns.add(question("a1"))
    assert audience.told == [("a0", "answered"), ("a1", "empty")]
    assert answered == []


async def test_a_question_that_failed_with_an_earlier_agent_is_answered_when_it_is_sent_again() -> (
    None
):
    audience, answered = Audience(), list[str]()
    turns = make_turns(audience, answered)
    turns.resume(waiting=[], ended=[(question("a0"), "failed")])
    async with running(turns):
        await turns.add(question("a0", text="another text"))
        await turns.add(question("a0"))
        await turns.idle()
        await turns.add(question("a0"))
    assert answered == ["a0"]
    steps = ["refused", "accepted", "answering", "answered", "answered"]
    assert audience.told == [("a0", step) for step in steps]


async def test_a_question_that_failed_is_answered_when_it_is_sent_again() -> None:
    audience, answerer = Audience(), Answerer([])
    answerer.outcomes = ["failed", "answered"]
    turns = make_turns(audience, answerer)
    async with running(turns):
        for _ in range(3):
            await turns.add(question("a0"))
            await turns.idle()
    steps = ["accepted", "answering", "failed", "accepted", "answering", "answered", "answered"]
    assert audience.told == [("a0", step) for step in steps]


async def test_of_a_question_left_to_the_next_agent_no_end_is_told() -> None:
    audience, answerer = Audience(), Answerer([])
    answerer.outcomes = [None]
    turns = make_turns(audience, answerer)
    async with running(turns):
        await turns.add(question("a0"))
        await turns.idle()
    assert audience.told == [("a0", "accepted"), ("a0", "answering")]


async def test_what_an_earlier_agent_accepted_is_answered_first_and_not_accepted_again() -> None:
    audience, answerer = Audience(), Answerer([])
    turns = make_turns(audience, answerer, per_speaker=1, total=1)
    turns.resume(waiting=[question("a0"), question("a1"), question("a2")], ended=[])
    async with running(turns):
        await turns.idle()
        await turns.add(question("a3"))
        await turns.idle()
    assert answerer.answered == ["a0", "a1", "a2", "a3"]
    assert answerer.accepted == ["a3"]


async def test_a_question_is_in_the_line_only_when_it_is_on_disk() -> None:
    audience, answerer = Audience(), Answerer([])
    answerer.may_accept.clear()
    turns = make_turns(audience, answerer)
    async with running(turns):
        adding = asyncio.create_task(turns.add(question("a0")))
        for _ in range(5):
            await asyncio.sleep(0)
        assert (answerer.answered, audience.told) == ([], [])
        answerer.may_accept.set()
        await adding
        await turns.idle()
    assert audience.told == [("a0", "accepted"), ("a0", "answering"), ("a0", "answered")]


async def test_a_question_that_the_disk_refuses_is_answered_without_the_status_accepted() -> None:
    audience, answerer = Audience(), Answerer([])
    answerer.disk_works = False
    turns = make_turns(audience, answerer)
    async with running(turns):
        await turns.add(question("a0"))
        await turns.idle()
    assert audience.told == [("a0", "answering"), ("a0", "answered")]


async def test_a_question_that_is_not_on_disk_is_not_called_accepted_when_it_is_repeated() -> None:
    audience, answerer = Audience(), Answerer([])
    turns = make_turns(audience, answerer)
    answerer.disk_works = False
    await turns.add(question("a0"))
    await turns.add(question("a0"))
    answerer.disk_works = True
    answerer.may_accept.clear()
    adding = asyncio.create_task(turns.add(question("a1")))
    await asyncio.sleep(0)
    await turns.add(question("a1"))
    assert audience.told == []
    answerer.may_accept.set()
    await adding
    await turns.add(question("a1"))
    assert audience.told == [("a1", "accepted")] * 2
    async with running(turns):
        await turns.idle()


async def test_another_message_under_a_known_id_is_refused_from_any_sender() -> None:
    audience, answered = Audience(), list[str]()
    turns = make_turns(audience, answered)
    await turns.add(question("a0"))
    await turns.add(question("a0", text="something else"))
    await turns.add(question("a0", speaker="mallory"))
    await turns.add(question("a0"))
    told = [outcome for _, outcome in audience.told]
    assert told == ["accepted", "refused", "refused", "accepted"]
    assert audience.reasons == [OTHER_MESSAGE] * 2
    async with running(turns):
        await turns.idle()
    assert answered == ["a0"]


async def test_a_question_that_cannot_be_stored_is_refused_and_taken_when_sent_again() -> None:
    audience, answerer = Audience(), Answerer([])
    turns = make_turns(audience, answerer)
    answerer.memory_is_full = True
    async with running(turns):
        await turns.add(question("q1"))
        await turns.idle()
        assert audience.told == [("q1", "refused")]
        assert audience.reasons == ["the disk is full"]
        answerer.memory_is_full = False
        await turns.add(question("q1"))
        await turns.idle()
    assert audience.told[1:] == [("q1", "accepted"), ("q1", "answering"), ("q1", "answered")]
    assert answerer.answered == ["q1"]


async def test_a_postponed_question_lets_others_go_first_and_keeps_its_speakers_order() -> None:
    answered: list[str] = []
    answerer = Answerer(answered)
    answerer.outcomes = [Postponed(0.05)]
    audience = Audience()
    turns = make_turns(audience, answerer)
    for question_id in ("a1", "a2", "b1", "b2"):
        await turns.add(question(question_id, speaker=question_id[0]))
    async with running(turns):
        await turns.idle()
    assert answered[:3] == ["a1", "b1", "b2"]
    assert answered[3:] == ["a1", "a2"]
    assert [told for told in audience.told if told[0] == "a1"] == [
        ("a1", "accepted"),
        ("a1", "answering"),
        ("a1", "answering"),
        ("a1", "answered"),
    ]


async def test_a_postponed_question_alone_is_waited_for() -> None:
    answered: list[str] = []
    answerer = Answerer(answered)
    answerer.outcomes = [Postponed(0.01)] * 3
    turns = make_turns(Audience(), answerer)
    await turns.add(question("a1"))
    async with running(turns):
        await turns.idle()
    assert answered == ["a1"] * 4


async def test_a_question_that_arrives_while_another_is_postponed_is_answered_at_once() -> None:
    asked: asyncio.Queue[str] = asyncio.Queue()

    class Telling(Answerer):
        async def answer(self, question: Question) -> Outcome | Postponed | None:
            await asked.put(question.id)
            return await super().answer(question)

    answerer = Telling([])
    answerer.outcomes = [Postponed(60)]
    turns = make_turns(Audience(), answerer)
    await turns.add(question("a1", speaker="a"))
    async with running(turns):
        assert await asked.get() == "a1"
        await turns.add(question("b1", speaker="b"))
        assert await asked.get() == "b1"


async def test_a_turn_is_told_when_others_wait() -> None:
    waits: list[tuple[str, bool]] = []

    class Watching(Answerer):
        async def answer(self, question: Question) -> Outcome | Postponed | None:
            waits.append((question.id, turns.others_wait.is_set()))
            if question.id == "a1":
                await turns.add(later_of_a)
                waits.append(("a2 added", turns.others_wait.is_set()))
                await turns.add(first_of_b)
                waits.append(("b1 added", turns.others_wait.is_set()))
            return "answered"

    later_of_a, first_of_b = question("a2", speaker="a"), question("b1", speaker="b")
    turns = make_turns(Audience(), Watching([]))
    await turns.add(question("a1", speaker="a"))
    async with running(turns):
        await turns.idle()
    assert waits == [
        ("a1", False),
        ("a2 added", False),
        ("b1 added", True),
        ("a2", True),
        ("b1", False),
    ]


async def test_erased_questions_are_withdrawn_and_their_end_is_told_again() -> None:
    answered: list[str] = []
    audience = Audience()
    turns = make_turns(audience, answered)
    for number in range(3):
        await turns.add(question(f"a{number}"))
    await turns.add(question("b0", "bob"))
    withdrawn = turns.withdraw(lambda one: one.id in {"a0", "a2", "b0"})
    assert [one.id for one in withdrawn] == ["a0", "a2", "b0"]
    async with running(turns):
        await turns.idle()
    assert answered == ["a1"]
    await turns.add(question("b0", "bob"))
    assert audience.told[-1] == ("b0", "interrupted")


async def test_the_last_question_may_be_withdrawn_while_it_is_postponed() -> None:
    answerer = Answerer([])
    answerer.outcomes = [Postponed(60.0)]
    turns = make_turns(Audience(), answerer)
    await turns.add(question("a0"))
    async with running(turns):
        while not answerer.answered:  # noqa: ASYNC110  # until the queue has postponed it
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert [one.id for one in turns.withdraw(lambda _: True)] == ["a0"]
        async with asyncio.timeout(5):
            await turns.idle()
    assert answerer.answered == ["a0"]
