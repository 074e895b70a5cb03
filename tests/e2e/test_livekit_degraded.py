import asyncio
from collections.abc import Iterator

import pytest

from tests.livekit_stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(autouse=True)
def mended(stack: Stack) -> Iterator[None]:
    yield
    stack.proxy.mend()


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
    stack.proxy.mend()
    messages = await stack.messages(room, at_least=20)
    assert [m.content for m in messages if m.role == "user"][-1].endswith("without memory?")
    assert len({message.id for message in messages}) == 20
    # The circuit breaker lets a search through again after a while.
    async with asyncio.timeout(30):
        n = 0
        while "flower pot" not in stack.model.prompts[-1].text:
            await alice.ask(f"Where is the spare key, attempt {(n := n + 1)}?")
    await stack.close(room)


async def test_a_search_slower_than_the_deadline_is_not_waited_for(stack: Stack) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    await alice.ask("Hello there.")
    stack.proxy.delay_s = 60
    turn = await alice.ask("What did we decide about the budget?", timeout_s=15)
    assert turn.outcome == "answered"
    await stack.close(room)


async def test_an_agent_that_starts_while_the_backend_is_down_serves_and_loses_nothing(
    stack: Stack,
) -> None:
    stack.proxy.cut()
    room = await stack.open_room("alice")
    assert (await room.users[0].ask("Is anybody in?")).outcome == "answered"
    stack.proxy.mend()
    messages = await stack.messages(room, at_least=2)
    assert messages[0].content == "Is anybody in?"
    await stack.close(room)


async def test_a_language_model_that_fails_fails_the_turn_not_the_agent(stack: Stack) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    stack.model.broken = True
    try:
        outcomes = [(await alice.ask(f"Fail {n}", timeout_s=40)).outcome for n in range(2)]
    finally:
        stack.model.broken = False
    assert outcomes == ["failed", "failed"]
    assert (await alice.ask("Better now?")).outcome == "answered"
    await stack.close(room)
