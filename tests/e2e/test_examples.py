"""The examples in real rooms: anybody's agent remembers, hands over, and survives kill -9."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex

import pytest
import pytest_asyncio
from livekit import api

from testbed.language_model_server import Prompt, ToolCall
from testbed.livekit_stack import REGISTERED, Stack, agent_pids, kill_agent
from testbed.program import ROOT, Program
from testbed.room_user import RoomUser, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

FACT = "My dog Rufus only eats rice."
QUESTION = "What does my dog eat?"


@asynccontextmanager
async def running_example(stack: Stack, name: str) -> AsyncIterator[Program]:
    env = {
        "OPENAI_BASE_URL": stack.model.url,
        "PYTHONPATH": str(ROOT),
        "LONGROOM_DATA_DIR": str(stack.directory / name),
    }
    program = stack.another_worker(name, env, arguments=(f"examples.{name}", "start"), forked=False)
    await asyncio.to_thread(program.start, until=REGISTERED)
    try:
        yield program
        program.terminate()
        await asyncio.to_thread(program.wait)  # the proxy before the backend is in this loop
    finally:
        program.kill()


async def meet(stack: Stack, identity: str, agent_name: str, room: str, job: str = "") -> RoomUser:
    """In a room that an application has opened, with `job` as the agent's metadata."""
    await stack.rooms.room.create_room(api.CreateRoomRequest(name=room, departure_timeout=1))
    user = await stack.join(room, identity)
    await stack.dispatch(room, agent_name, metadata=job)
    await user.agent_is_there()
    return user


@pytest_asyncio.fixture(loop_scope="session")
async def plain_model(stack: Stack) -> AsyncIterator[Stack]:
    """The model answers as usual again after a test that scripted it."""
    reply = stack.model.reply
    yield stack
    stack.model.reply = reply


async def test_the_smallest_agent_remembers_and_is_replaced_when_it_is_killed(
    stack: Stack,
) -> None:
    async with running_example(stack, "smallest") as worker:
        room = f"lobby-{token_hex(4)}"
        alice = await meet(stack, "alice", "concierge", room)
        await alice.ask(FACT)
        for number in range(7):
            await alice.ask(f"Small talk number {number}.")
        await alice.ask(QUESTION)
        prompt = stack.model.prompt_of(QUESTION)
        assert prompt.messages[0]["content"].startswith("You are the concierge of a small hotel.")
        assert FACT in prompt.text
        assert FACT not in prompt.conversation
        killed = kill_agent(worker, room)
        await until(lambda: agent_pids(worker, room)[-1] != killed)
        turn = await alice.ask("Are you still there?")
        assert turn.outcome == "answered"
        assert QUESTION in stack.model.prompt_of("Are you still there?").conversation
        await alice.leave()


def hotel(prompt: Prompt) -> str | ToolCall:
    instructions = prompt.messages[0]["content"]
    if "cook" in instructions:
        return f"the cook has heard: {prompt.question}"
    if "inside or outside" in instructions:
        sits = ToolCall("sits", {"where": "outside"})
        return sits if "fresh air" in prompt.question else "inside or outside?"
    if "fresh air" in prompt.question:  # LiveKit shows a tool's result after its call
        return f"booked: {prompt.tool_results[-1]}"
    if "table" in prompt.question:
        return ToolCall("book_table", {"hour": 20})
    if "cook" in prompt.question:
        return ToolCall("call_the_cook", {})
    return "at your service"


async def test_a_guest_is_remembered_in_the_next_room_with_what_was_booked(
    plain_model: Stack,
) -> None:
    stack = plain_model
    stack.model.reply = hotel
    guest, other = (json.dumps({"guest": name}) for name in ("12", token_hex(4)))
    async with running_example(stack, "hotel"):
        alice = await meet(stack, "alice", "hotel", f"call-{token_hex(4)}", guest)
        await alice.ask(FACT)
        asked_back = await alice.ask("A table for tonight, please.")
        assert asked_back.text.strip() == "inside or outside?"
        booked = await alice.ask("I like fresh air.")
        assert booked.text.strip() == "booked: table 7 at 20 o'clock, outside"
        await alice.leave()

        alice = await meet(stack, "alice", "hotel", f"call-{token_hex(4)}", guest)
        handed = await alice.ask("Give me the cook!")
        assert handed.text.strip() == "the cook has heard: Give me the cook!"
        for number in range(7):
            await alice.ask(f"Small talk number {number}.")
        await alice.ask(QUESTION)
        prompt = stack.model.prompt_of(QUESTION)
        assert "You are the cook" in prompt.text
        assert FACT in prompt.text
        await alice.ask("Which table was booked, table 7?")
        assert "table 7 at 20 o'clock, outside" in stack.model.prompts[-1].text
        await alice.leave()

        eve = await meet(stack, "eve", "hotel", f"call-{token_hex(4)}", other)
        await eve.ask("What does the dog Rufus eat?")
        assert "rice" not in stack.model.prompts[-1].text
        await eve.leave()


async def test_an_agent_on_a_server_of_ones_own_remembers(stack: Stack) -> None:
    async with running_example(stack, "own_server"):
        room = f"house-{token_hex(4)}"
        alice = await meet(stack, "alice", "caretaker", room)
        await alice.ask(FACT)
        await alice.leave()
        await stack.rooms.room.delete_room(api.DeleteRoomRequest(room=room))
        alice = await meet(stack, "alice", "caretaker", room)
        await alice.ask(QUESTION)
        assert FACT in stack.model.prompt_of(QUESTION).text
        await alice.leave()
