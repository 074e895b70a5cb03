"""Workers beside the shared one: how they start, serve and end."""

import asyncio
import json
import secrets
from pathlib import Path

import httpx
import pytest

from longroom.local_room.livekit_server import free_port
from testbed.livekit_stack import Stack, agent_pids, kill_agent
from testbed.room_user import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_who_comes_first_is_greeted_once_also_after_a_crash(stack: Stack) -> None:
    greeting = stack.another_worker(
        "greeting", {"AGENT_GREETING": "Welcome, stranger!", "LIVEKIT_AGENT_NAME": "greeter"}
    )
    await asyncio.to_thread(greeting.start, until="registered worker")
    try:
        room = f"room-{secrets.token_hex(4)}"
        # A job that names no conversation would wait for somebody to come.
        await stack.dispatch(room, "greeter", metadata=json.dumps({"conversation": room}))
        # It is alone and ready for more than a moment: a greeting now would be lost.
        await until(lambda: agent_pids(greeting, room))
        alone = await stack.backend.agent_joined(room, identity="test", session_id="s", window=9)
        alice = await stack.join(room, "alice")
        await until(lambda: [a for a in alice.answers if a.complete])
        assert alice.answers[0].text == "Welcome, stranger!"
        assert alone.message_count == 0
        assert (await alice.ask("Who is there?")).outcome == "answered"
        kill_agent(greeting, room)
        await until(lambda: len(agent_pids(greeting, room)) == 2)
        assert (await alice.ask("Still there?")).outcome == "answered"
        assert [a.text for a in alice.answers].count("Welcome, stranger!") == 1
        await alice.leave()
    finally:
        greeting.terminate()
        await asyncio.to_thread(greeting.wait)


async def test_a_worker_says_that_it_is_ready_while_livekit_knows_it(
    stack: Stack, tmp_path: Path
) -> None:
    ready = tmp_path / "worker.ready"
    ready.touch()  # left by a killed worker
    settings = {"LONGROOM_DATA_DIR": str(tmp_path), "LIVEKIT_AGENT_NAME": "ready"}
    worker = stack.another_worker("ready", settings)
    await asyncio.to_thread(worker.start, until="starting worker")
    assert not ready.exists()
    await until(ready.exists, timeout_s=60)
    assert "registered worker" in worker.output
    worker.terminate()
    assert await asyncio.to_thread(worker.wait) == 0
    assert not ready.exists()


async def test_sigterm_in_mid_turn_lets_the_reply_finish_and_the_worker_exit(stack: Stack) -> None:
    worker = stack.another_worker("leaving", {"LIVEKIT_AGENT_NAME": "leaving"})
    await asyncio.to_thread(worker.start, until="registered worker")
    _, alice = await stack.join_with("leaving")
    stack.model.flowing.clear()
    question = await alice.say("Can you finish this sentence?")
    await until(lambda: any("finish this" in p.question for p in stack.model.prompts))
    worker.terminate()
    await until(lambda: "draining worker" in worker.output)
    stack.model.flowing.set()
    assert (await alice.outcome(question))["outcome"] == "answered"
    await alice.leave()
    assert await asyncio.to_thread(worker.wait) == 0


async def test_at_shutdown_the_room_goes_to_another_worker_and_misses_nothing(
    stack: Stack,
) -> None:
    first = stack.another_worker("first", {"LIVEKIT_AGENT_NAME": "pair"})
    second = stack.another_worker("second", {"LIVEKIT_AGENT_NAME": "pair"})
    await asyncio.to_thread(first.start, until="registered worker")
    room, alice = await stack.join_with("pair")
    await alice.ask("My badge number is 31337.")
    await asyncio.to_thread(second.start, until="registered worker")
    earlier = alice.agents[0]
    first.terminate()
    await until(lambda: agent_pids(second, room), timeout_s=30)
    await alice.ask("What is my badge number?")
    assert earlier not in await stack.agents(room)
    assert "31337" in stack.model.prompt_of("What is my badge number?").text
    assert await asyncio.to_thread(first.wait, 30) == 0
    await alice.leave()
    second.terminate()
    assert await asyncio.to_thread(second.wait, 30) == 0


async def test_figures_of_all_rooms_are_served_without_names_or_texts(stack: Stack) -> None:
    port = free_port()
    worker = stack.another_worker(
        "metrics", {"LIVEKIT_AGENT_NAME": "metrics", "AGENT_METRICS_PORT": str(port)}
    )
    await asyncio.to_thread(worker.start, until="registered worker")
    room, alice = await stack.join_with("metrics")
    await alice.ask("A very private question.")
    async with httpx.AsyncClient() as client:
        page = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    assert 'longroom_turns_total{outcome="answered"} 1.0' in page
    assert "longroom_recall_added_seconds_count 1.0" in page
    assert "longroom_outbox_waiting " in page
    assert "longroom_outbox_dead_letters_kept 0.0" in page
    assert not any(secret in page for secret in (room, "alice", "private"))
    assert "private" not in worker.output
    await alice.leave()
    worker.kill()
