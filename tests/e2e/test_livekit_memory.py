"""Agents that have used up their memory are replaced, and their questions answered once."""

import asyncio
import resource
from collections.abc import AsyncIterator

import psutil
import pytest
import pytest_asyncio

from agent.processes.out_of_memory import EXIT_CODE
from testbed.livekit_stack import REGISTERED, Stack, agent_pids
from testbed.program import Program
from testbed.room_user import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORKER = ("livekit.agents", "start", "tests/support/hungry_worker.py", "--log-format", "json")
LIMIT_MB = 400


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def worker(stack: Stack) -> AsyncIterator[Program]:
    env = {"LIVEKIT_AGENT_NAME": "hungry", "AGENT_JOB_MEMORY_LIMIT_MB": str(LIMIT_MB)}
    worker = stack.another_worker("hungry", env, arguments=WORKER)
    await asyncio.to_thread(worker.start, until=REGISTERED)
    yield worker
    worker.kill()


async def answers(stack: Stack, room: str, question: str) -> list[str]:
    """Once there is one: it is told before it is delivered."""
    joined = await stack.backend.agent_joined(room, identity="test", session_id="s", window=0)
    of_question = f"{question}."
    page = await stack.stored(
        joined.conversation_id,
        once=lambda page: any(m.id.startswith(of_question) for m in page.messages),
    )
    return [str(m.id) for m in page.messages if m.id.startswith(of_question)]


async def test_an_agent_above_its_limit_is_replaced_and_its_question_answered_once(
    stack: Stack, worker: Program
) -> None:
    room, alice = await stack.join_with("hungry")
    assert (await alice.ask("My order number is 4711.")).outcome == "answered"
    eater = agent_pids(worker, room)[-1]
    stack.model.flowing.clear()
    question = await alice.say("Which number was it?")
    await until(lambda: any("Which number" in prompt.question for prompt in stack.model.prompts))
    await alice.room.local_participant.publish_data(str(LIMIT_MB), topic="test.eat")
    await until(lambda: not psutil.pid_exists(eater))
    stack.model.flowing.set()
    assert (await alice.outcome(question))["outcome"] == "answered"
    assert agent_pids(worker, room)[-1] != eater
    assert "4711" in stack.model.prompt_of("Which number was it?").text
    assert len(await stack.agents(room)) == 1
    await alice.leave()


async def test_an_agent_that_gets_no_more_memory_does_not_stay_deaf(
    stack: Stack, worker: Program
) -> None:
    """As in a container whose limit is no kill, or under `ulimit`."""
    room, alice = await stack.join_with("hungry")
    assert (await alice.ask("My order number is 4712.")).outcome == "answered"
    process = psutil.Process(agent_pids(worker, room)[-1])
    size = process.memory_info().vms
    process.rlimit(resource.RLIMIT_AS, (size, size))
    process.rlimit(resource.RLIMIT_DATA, (1, 1))
    text = "And which number was it now? " + "Think about it at length. " * 500
    told = await alice.told_at_last(text, again_after_s=2)
    question = told["question_id"]
    assert told["outcome"] == "answered"
    await until(lambda: not psutil.pid_exists(process.pid))
    assert len(agent_pids(worker, room)) == 2
    assert await answers(stack, room, question) == [f"{question}.answer1"]
    assert f'"exit_code": {EXIT_CODE}' in worker.output or "exit code -6" in worker.output
    await alice.leave()
