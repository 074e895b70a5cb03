"""The model's own search, called in a real room whose window has long forgotten the answer."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from testbed.language_model_server import Prompt, ToolCall
from testbed.livekit_stack import REGISTERED, Stack
from testbed.program import Program
from testbed.room_user import RoomUser

pytestmark = pytest.mark.asyncio(loop_scope="session")

WINDOW = 4
LOOK_IT_UP = "Please look it up"
FACT = "The gate code of the warehouse in Lisbon is 7741."
CALL = ToolCall("search_conversation", {"query": "gate code of the Lisbon warehouse"})
DATED_QUOTE = re.compile(r"\w{3} \d{4}-\d\d-\d\d \d\d:\d\d, user \"alice\":\n> " + re.escape(FACT))


def reply(prompt: Prompt) -> str | ToolCall:
    """Search when told to, then answer with what was found and nothing else."""
    if prompt.tool_result:
        found = re.search(r"gate code .* is (\d+)", prompt.tool_result)
        return f"It is {found[1]}." if found else "I found nothing."
    return CALL if LOOK_IT_UP in prompt.question else f"You said: {prompt.question}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worker(stack: Stack) -> AsyncIterator[Program]:
    """One with a small window, whose recall shows one message."""
    env = {
        "LIVEKIT_AGENT_NAME": "tools",
        "AGENT_ROLLING_WINDOW_MESSAGES": str(WINDOW),
        "AGENT_RECALL_LIMIT": "1",
        "AGENT_RECALL_NEIGHBOURS": "0",
    }
    running = stack.another_worker("tools", env)
    await asyncio.to_thread(running.start, until=REGISTERED)
    yield running
    running.terminate()
    await asyncio.to_thread(running.wait)


@pytest_asyncio.fixture(loop_scope="session")
async def alice(stack: Stack, worker: Program) -> AsyncIterator[RoomUser]:
    """In a room of that worker that begins with the fact, of a month ago."""
    room, user = await stack.join_with("tools")
    joined = await stack.backend.agent_joined(room, identity="test", session_id="s", window=0)
    await stack.remember(joined.conversation_id, FACT, later=50)
    usual, stack.model.reply = stack.model.reply, reply
    yield user
    stack.model.reply = usual
    await user.leave()


async def test_a_search_by_the_model_finds_what_the_window_has_long_forgotten(
    stack: Stack, alice: RoomUser
) -> None:
    for n in range(WINDOW):
        await alice.ask(f"Let us talk about topic {n}.")
    # Recall finds the chatter that the question names: only the tool finds the fact.
    question = f"Chatter number 7 about the weather and lunch. {LOOK_IT_UP}."
    turn = await alice.ask(question)
    first, second = (prompt for prompt in stack.model.prompts if prompt.question == question)

    assert (first.text.count("\n</recalled_messages "), FACT in first.text) == (1, False)
    call, result = second.messages[-2:]
    assert (call["role"], call["tool_calls"]) == ("assistant", [CALL.wire])
    assert (result["role"], result["tool_call_id"]) == ("tool", CALL.id)
    assert DATED_QUOTE.search(second.tool_result)
    assert second.messages[:-2] == first.messages
    last_two = ("Let us talk about topic 2.", "Let us talk about topic 3.")
    window = [said for text in last_two for said in (text, f"You said: {text}")]
    assert second.conversation == [*window, question]

    assert (turn.outcome, len(turn.answers)) == ("answered", 1)
    assert (turn.answers[0].text.strip(), turn.answers[0].complete) == ("It is 7741.", True)


async def test_a_call_and_its_result_are_in_no_later_turns_prompt(
    stack: Stack, alice: RoomUser
) -> None:
    await alice.ask(f"{LOOK_IT_UP}, the gate code.")
    question = "Now to something else."
    assert (await alice.ask(question)).outcome == "answered"
    prompt = stack.model.prompt_of(question)
    assert not [m for m in prompt.messages if m["role"] == "tool" or m.get("tool_calls")]
    assert any(LOOK_IT_UP in said for said in prompt.conversation)
