"""People who type on while they are answered, or want no more of it."""

import asyncio

import pytest
from livekit.agents.voice import RemoteSession

from testbed.livekit_stack import Stack
from testbed.room_user import RoomUser, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


def told(user: RoomUser, question: str) -> list[str]:
    return [s["outcome"] for s in user.statuses if s["question_id"] == question]


async def begun(stack: Stack, user: RoomUser) -> str:
    """A question of which the first word was answered, and no more comes."""
    stack.model.stalls_in = "everything"
    heard = len(user.answers)
    question = await user.say("Tell me everything.")
    await until(lambda: len(user.answers) > heard and user.answers[-1].text)
    return question


async def test_what_is_typed_during_an_answer_is_answered_after_it_and_each_once(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    try:
        first = await begun(stack, alice)
        second = await alice.say("stop")
        await until(lambda: told(alice, second) == ["accepted"])
    finally:
        stack.model.stalls_in = None
    for question in (first, second):
        assert (await alice.outcome(question))["outcome"] == "answered"
    stored = await stack.messages(room, at_least=4)
    assert {m.id for m in stored} == {first, f"{first}.answer1", second, f"{second}.answer1"}
    assert not any(m.interrupted for m in stored)
    assert "You said: Tell me everything." in stack.model.prompt_of("stop").text
    await stack.close(room)


async def test_a_stopped_answer_is_kept_as_far_as_it_was_shown_and_the_next_one_begins(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice", "bob")
    alice, bob = room.users
    try:
        question = await begun(stack, alice)
        waiting = await alice.say("And what else?")
        await until(lambda: told(alice, waiting) == ["accepted"])
        await bob.stop(question)  # it is not his
        await alice.stop(waiting)
        await asyncio.sleep(0.5)
        assert told(alice, question) == ["accepted", "answering"]
        await alice.stop(question)
        assert (await alice.outcome(question))["outcome"] == "interrupted"
    finally:
        stack.model.stalls_in = None
    assert (await alice.outcome(waiting))["outcome"] == "interrupted"
    assert (await alice.ask("Are you still there?")).outcome == "answered"
    stored = {str(m.id): m for m in await stack.messages(room, at_least=5)}
    assert stored[f"{question}.answer1"].interrupted
    assert stored[f"{question}.answer1"].content.strip() == "You"
    assert f"{waiting}.answer1" not in stored
    assert not any("what else" in prompt.question for prompt in stack.model.prompts)
    await stack.close(room)


async def test_nobody_speaks_for_others_through_livekits_remote_session(stack: Stack) -> None:
    room = await stack.open_room("alice", "bob")
    alice, bob = room.users
    remote = RemoteSession.from_room(bob.room, bob.agents[0])
    await remote.start()
    try:
        question = await begun(stack, alice)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(remote.run("Said by bob."), 2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(remote.get_agent_info(), 2)
    finally:
        stack.model.stalls_in = None
        await remote.aclose()
    assert (await alice.outcome(question))["outcome"] == "answered"
    assert len(await stack.messages(room, at_least=2)) == 2
    await stack.close(room)
