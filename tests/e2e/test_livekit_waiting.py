"""Messages that wait in line while the agent is killed: on disk, told, and answered once."""

import pytest

from testbed.livekit_stack import Stack, kill_agent
from testbed.room_user import RoomUser, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


def told(user: RoomUser, question: str) -> list[str]:
    return [s["outcome"] for s in user.statuses if s["question_id"] == question]


async def test_what_waited_when_the_agent_was_killed_is_answered_once_and_in_order(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice", "bob")
    alice, bob = room.users
    assert (await alice.ask("My order number is 4711.")).outcome == "answered"
    stack.model.flowing.clear()
    asked = [await alice.say(f"Question {n} of alice?") for n in range(8)]
    asked += [await bob.say(f"Question {n} of bob?") for n in range(8)]
    # Sixteen are more than the window holds.
    await until(lambda: all("accepted" in told(alice, question) for question in asked))
    await until(lambda: "of alice?" in stack.model.prompts[-1].question)
    kill_agent(stack.worker, room.name)
    stack.model.flowing.set()
    for question in asked:
        assert (await alice.outcome(question))["outcome"] == "answered"
    stored = await stack.messages(room, at_least=34)
    questions = [m for m in stored if m.role == "user"]
    for identity, first in (("alice", 0), ("bob", 8)):
        mine = [m.id for m in questions if m.participant == identity]
        assert mine[-8:] == asked[first : first + 8]
    answers = [m.id for m in stored if m.role == "assistant"]
    assert sorted(answers[1:]) == sorted(f"{question}.answer1" for question in asked)
    for question in asked:
        assert told(alice, question).count("answered") == 1
    # Bob's last question waited all along; alice's before it did not show it.
    early = stack.model.prompt_of("Question 1 of alice?")
    assert "Question 7 of bob?" not in early.text
    assert "Question 0 of alice?" in early.text
    await stack.close(room)


async def test_a_message_is_accepted_while_another_is_answered_and_only_its_repetition_is_known(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    stack.model.flowing.clear()
    await alice.say("The first, please?")
    second = await alice.say("And the second?")
    await until(lambda: told(alice, second) == ["accepted"])
    await stack.messages(room, at_least=2)
    await alice.say("And the second?", message_id=second)
    await until(lambda: told(alice, second) == ["accepted", "accepted"])
    await alice.say("And something else?", message_id=second)
    await until(lambda: told(alice, second) == ["accepted", "accepted", "refused"])
    stack.model.flowing.set()
    await until(lambda: "answered" in told(alice, second))
    stored = await stack.messages(room, at_least=4)
    assert [m.content for m in stored if m.role == "user"] == [
        "The first, please?",
        "And the second?",
    ]
    await stack.close(room)


async def test_a_refusal_is_told_to_its_sender_alone(stack: Stack) -> None:
    room = await stack.open_room("alice", "bob")
    alice, bob = room.users
    turn = await alice.ask("Mine, under this id.")
    await bob.say("Not mine, under alice's.", message_id=turn.question_id)
    await until(lambda: "refused" in told(bob, turn.question_id))
    await bob.ask("A message of my own.")
    assert "refused" not in told(alice, turn.question_id)
    await stack.close(room)
