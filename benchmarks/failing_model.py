"""Questions to a language model that refuses some of its requests; part of bench-failover."""

from dataclasses import dataclass, field

from testbed.livekit_stack import Stack


@dataclass
class FailingModel:
    """`unanswered`: questions without a reply whose end told no reason either."""

    refuses_one_in: int
    asked: int = 0
    answered: int = 0
    told: int = 0
    unanswered: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)


async def ask_a_failing_model(stack: Stack, *, questions: int, refuses_one_in: int) -> FailingModel:
    figures = FailingModel(refuses_one_in)
    room = await stack.open_room("alice")
    alice = room.users[0]
    stack.model.refuses_one_in = refuses_one_in
    try:
        for number in range(questions):
            turn = await alice.ask(f"Question {number} to a model that fails?")
            figures.asked += 1
            figures.outcomes[turn.outcome] = figures.outcomes.get(turn.outcome, 0) + 1
            if turn.outcome == "answered" and turn.text:
                figures.answered += 1
            elif turn.reason:
                figures.told += 1
            else:
                figures.unanswered += 1
    finally:
        stack.model.refuses_one_in = 0
    await stack.close(room)
    return figures
