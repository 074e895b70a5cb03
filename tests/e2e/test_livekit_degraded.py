import asyncio
from collections.abc import Iterator

import pytest

from testbed.livekit_stack import REGISTERED, Stack
from testbed.room_user import RoomUser, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def mended(stack: Stack) -> Iterator[None]:
    yield
    stack.proxy.restore()


async def test_a_backend_that_is_down_costs_the_memory_not_the_reply_and_nothing_is_lost(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    await alice.ask("The spare key is under the blue flower pot.")
    for n in range(8):
        await alice.ask(f"Something else, number {n}.")
    stack.proxy.cut()
    turn = await alice.ask("Where is the spare key, without memory?")
    assert turn.outcome == "answered"
    assert "flower pot" not in stack.model.prompt_of("key, without memory").text
    stack.proxy.restore()
    messages = await stack.messages(room, at_least=20)
    assert [m.content for m in messages if m.role == "user"][-1].endswith("without memory?")
    assert len({message.id for message in messages}) == 20
    # The circuit breaker lets a search through again after a while.
    async with asyncio.timeout(30):
        n = 0
        while "flower pot" not in stack.model.prompts[-1].text:
            await alice.ask(f"Where is the spare key, attempt {(n := n + 1)}?")
    await stack.close(room)


async def test_a_search_slower_than_the_deadline_is_not_waited_for_and_soon_not_begun(
    stack: Stack,
) -> None:
    limits = {"AGENT_RECALL_TIMEOUT_S": "0.3", "AGENT_SEARCH_TIMEOUT_S": "60"}
    worker = stack.another_worker("deadline", {"LIVEKIT_AGENT_NAME": "deadline", **limits})
    await asyncio.to_thread(worker.start, until=REGISTERED)
    room, alice = await stack.join_with("deadline")
    joined = await stack.backend.agent_joined(room, identity="test", session_id="s", window=0)
    assert (await alice.ask("Hello there.")).outcome == "answered"
    stack.proxy.delay_s = 60
    turns = [await alice.ask(f"What is the budget of project {n}?") for n in range(5)]
    # Each was answered while its search, held up for a minute, was still to be answered.
    assert [turn.outcome for turn in turns] == ["answered"] * 5
    stack.proxy.restore()
    records = await stack.turn_records(joined.conversation_id, at_least=5)
    late = [records[turn.question_id] for turn in turns]
    assert [turn["degraded"] for turn in late] == ["late"] * 3 + ["resting"] * 2
    assert [turn["added_ms"] >= 300 for turn in late] == [True] * 3 + [False] * 2
    assert [turn["hits"] for turn in late] == [0] * 5
    await alice.leave()
    worker.terminate()
    assert await asyncio.to_thread(worker.wait) == 0


async def test_an_agent_that_starts_while_the_backend_is_down_serves_and_loses_nothing(
    stack: Stack,
) -> None:
    stack.proxy.cut()
    room = await stack.open_room("alice")
    assert (await room.users[0].ask("Is anybody in?")).outcome == "answered"
    stack.proxy.restore()
    messages = await stack.messages(room, at_least=2)
    assert messages[0].content == "Is anybody in?"
    await stack.close(room)


async def test_a_language_model_that_fails_fails_the_turn_not_the_agent(stack: Stack) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    stack.model.broken = True
    try:
        failed = await alice.ask("Fail.", timeout_s=40)
    finally:
        stack.model.broken = False
    assert (failed.outcome, failed.reason) == ("failed", "model_error")
    assert "Sorry" in failed.text
    assert (await alice.ask("Better now?")).outcome == "answered"
    await stack.close(room)


async def test_while_a_model_is_given_time_for_one_question_others_are_answered(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice", "bob")
    alice, bob = room.users
    stack.model.busy_for = "hard"
    try:
        hard = await alice.say("A hard one?")
        await until(lambda: any("hard" in prompt.question for prompt in stack.model.prompts))
        easy = await bob.ask("An easy one?")
        assert easy.outcome == "answered"
        assert "hard" not in stack.model.prompt_of("easy").text
        assert [end for id_, end in _ends(alice) if id_ == hard] == ["accepted", "answering"]
        told = await alice.outcome(hard)
    finally:
        stack.model.busy_for = None
    assert (told["outcome"], told["reason"]) == ("failed", "rate_limited")
    await alice.say("A hard one?", message_id=hard)
    await until(lambda: (hard, "answered") in _ends(alice))
    messages = await stack.messages(room, at_least=5)
    assert [m.id for m in messages if m.id.startswith(hard)] == [
        hard,
        f"{hard}.apology",
        f"{hard}.answer1",
    ]
    await stack.close(room)


async def test_a_model_that_says_nothing_to_one_keeps_no_one_else_waiting(stack: Stack) -> None:
    room = await stack.open_room("alice", "bob")
    alice, bob = room.users
    stack.model.silent_for = "silence"
    try:
        silent = await alice.say("A silence?")
        await until(lambda: any("silence" in prompt.question for prompt in stack.model.prompts))
        questions = [await bob.ask(f"Number {number}?") for number in range(2)]
        assert [turn.outcome for turn in questions] == ["answered"] * 2
        assert "silence" not in stack.model.prompt_of("Number 1").text
        assert all(end in {"accepted", "answering"} for id_, end in _ends(alice) if id_ == silent)
    finally:
        stack.model.silent_for = None
    assert (await alice.outcome(silent))["outcome"] == "answered"
    stored = await stack.messages(room, at_least=6)
    assert [m.id for m in stored if m.id.startswith(silent)] == [silent, f"{silent}.answer1"]
    await stack.close(room)


async def test_a_model_that_falls_silent_in_mid_answer_keeps_no_one_else_waiting(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice", "bob")
    alice, bob = room.users
    stack.model.stalls_in = "stalls"
    try:
        stalled = await alice.say("What stalls?")
        await until(lambda: alice.answers and alice.answers[-1].text)
        assert (await bob.ask("And mine?")).outcome == "answered"
    finally:
        stack.model.stalls_in = None
    told = await alice.outcome(stalled)
    assert (told["outcome"], told["reason"]) == ("interrupted", "broken_stream")
    stored = {str(m.id): m for m in await stack.messages(room, at_least=4)}
    assert stored[f"{stalled}.answer1"].interrupted
    await stack.close(room)


def _ends(user: RoomUser) -> list[tuple[str, str]]:
    return [(status["question_id"], status["outcome"]) for status in user.statuses]
