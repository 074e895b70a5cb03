import asyncio
import json
import secrets
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import psutil
import pytest
from livekit import api

from testbed.livekit_server import free_port
from testbed.livekit_stack import OpenRoom, Stack, agent_pids, kill_agent
from testbed.room_user import RoomUser, until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def metadata_of(stack: Stack, room: OpenRoom) -> dict[str, str]:
    found = await stack.rooms.room.list_rooms(api.ListRoomsRequest(names=[room.name]))
    return dict(json.loads(found.rooms[0].metadata or "{}"))


async def test_a_killed_agent_is_replaced_and_the_open_question_is_answered_once(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    await alice.ask("My order number is 4711.")
    stack.model.flowing.clear()
    question = await alice.say("What is my order number, please?")
    await until(lambda: any("please?" in p.question for p in stack.model.prompts))
    killed = alice.agents[0]
    kill_agent(stack.worker, room.name)
    stack.model.flowing.set()
    assert (await alice.outcome(question))["outcome"] == "answered"
    agents = await stack.agents(room.name)
    assert len(agents) == 1
    assert killed not in agents
    assert "4711" in stack.model.prompt_of("What is my order number, please?").text
    messages = await stack.messages(room, at_least=4)
    assert [message.role for message in messages] == ["user", "assistant", "user", "assistant"]
    await stack.close(room)


async def test_who_comes_first_is_greeted_once_also_after_a_crash(stack: Stack) -> None:
    greeting = stack.another_worker(
        "greeting", {"AGENT_GREETING": "Welcome, stranger!", "LIVEKIT_AGENT_NAME": "greeter"}
    )
    await asyncio.to_thread(greeting.start, until="registered worker")
    try:
        room = f"room-{secrets.token_hex(4)}"
        await stack.dispatch(room, "greeter")
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


async def test_a_burst_of_twenty_dispatches_gives_twenty_agents(stack: Stack) -> None:
    names = [f"burst-{number}" for number in range(20)]
    await asyncio.gather(*(stack.backend.create_room(name) for name in names))
    await until(lambda: all(agent_pids(stack.worker, name) for name in names), timeout_s=120)
    assert all(len(agent_pids(stack.worker, name)) == 1 for name in names)
    for name in names:
        await stack.rooms.room.delete_room(api.DeleteRoomRequest(room=name))


async def test_an_empty_room_ends_its_process_and_saves_the_session(stack: Stack) -> None:
    room = await stack.open_room("alice", "bob")
    await room.users[0].ask("A word before I go.")
    process = psutil.Process(agent_pids(stack.worker, room.name)[-1])
    for user in room.users:
        await user.leave()
    await until(lambda: not process.is_running() or process.status() == "zombie", timeout_s=30)
    saved = await session_of(stack, room.stored.conversation_id)
    assert saved["message_count"] == 2
    assert set(saved["participants"]) == {"alice", "longroom"}
    assert saved["ended_at"] is not None


async def session_of(stack: Stack, conversation_id: UUID) -> asyncpg.Record:
    connection = await asyncpg.connect(stack.database_url)
    try:
        async with asyncio.timeout(10):
            while True:
                row = await connection.fetchrow(
                    "select * from session where conversation_id = $1", conversation_id
                )
                if row is not None:
                    return row
                await asyncio.sleep(0.05)
    finally:
        await connection.close()


async def test_room_metadata_keeps_other_keys_and_is_written_again_when_it_was_emptied(
    stack: Stack,
) -> None:
    room = await stack.open_room("alice")
    conversation = {"conversation_id": str(room.stored.conversation_id)}
    assert await metadata_of(stack, room) == conversation
    # What a restarted LiveKit server does, and what an application with keys of its own may do.
    for metadata in ("", '{"plan": "gold"}'):
        await stack.rooms.room.update_room_metadata(
            api.UpdateRoomMetadataRequest(room=room.name, metadata=metadata)
        )
        wanted = {**json.loads(metadata or "{}"), **conversation}
        async with asyncio.timeout(10):
            while await metadata_of(stack, room) != wanted:  # noqa: ASYNC110  # LiveKit is polled
                await asyncio.sleep(0.05)
    await stack.close(room)


async def test_a_room_continues_the_conversation_that_its_metadata_names(stack: Stack) -> None:
    old = await stack.open_room("alice")
    await old.users[0].ask("The secret ingredient is cardamom.")
    await stack.messages(old, at_least=2)
    metadata = json.dumps({"conversation_id": str(old.stored.conversation_id)})
    _, alice = await stack.join_with("longroom", metadata=metadata)
    await alice.ask("What did I call the secret ingredient?")
    assert "cardamom" in stack.model.prompt_of("call the secret ingredient").text
    await stack.messages(old, at_least=4)
    await alice.leave()
    await stack.close(old)


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


async def test_an_agent_that_arrives_twice_answers_once(stack: Stack) -> None:
    room = await stack.open_room("alice")
    alice: RoomUser = room.users[0]
    await stack.dispatch(room.name, "longroom")
    await until(lambda: len(agent_pids(stack.worker, room.name)) == 2, timeout_s=30)
    turn = await alice.ask("Who answers me?")
    assert turn.outcome == "answered"
    assert len(turn.answers) == 1
    assert len(await stack.agents(room.name)) == 1
    await stack.close(room)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"LIVEKIT_URL": ""}, "LIVEKIT_URL"),
        ({"LIVEKIT_API_SECRET": "another-secret-of-at-least-32-characters"}, "LIVEKIT_API_SECRET"),
        ({"LIVEKIT_URL": "localhost"}, "must begin with ws://"),
        ({"AGENT_ROLLING_WINDOW_MESSAGES": "many"}, "AGENT_ROLLING_WINDOW_MESSAGES"),
        ({"LONGROOM_DATA_DIR": "/proc/nowhere"}, "LONGROOM_DATA_DIR"),
    ],
)
async def test_a_wrong_setting_stops_the_worker_at_start_and_is_named(
    stack: Stack, changed: dict[str, str], complaint: str
) -> None:
    name = "wrong-" + complaint.replace(" ", "-").replace("/", "")
    worker = stack.another_worker(name, changed)
    code = await asyncio.to_thread(worker.run)
    assert code not in (0, None)
    assert complaint in worker.output


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
    assert not any(secret in page for secret in (room, "alice", "private"))
    assert "private" not in worker.output
    await alice.leave()
