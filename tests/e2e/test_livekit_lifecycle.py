import asyncio
import json
from uuid import UUID

import asyncpg
import psutil
import pytest
from livekit import api

from retrieval.database.connection import open_connection
from testbed.livekit_stack import OpenRoom, Stack, agent_pids, kill_agent
from testbed.room_user import FINAL_OUTCOMES, RoomUser, until

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
    await until(lambda: any("order number, please?" in p.question for p in stack.model.prompts))
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
    connection = await open_connection(stack.database_url)
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


async def test_several_dispatches_tell_the_end_of_each_question_once(stack: Stack) -> None:
    room = await stack.open_room("alice")
    alice = room.users[0]
    await asyncio.gather(*(stack.dispatch(room.name, "longroom") for _ in range(3)))
    questions = []
    for number in range(12):
        questions.append(await alice.say(f"Question number {number}?"))
        await asyncio.sleep(0.25)
    outcomes = [(await alice.outcome(question))["outcome"] for question in questions]
    while len(await stack.agents(room.name)) > 1:  # noqa: ASYNC110  # the server has no event
        await asyncio.sleep(0.1)

    assert outcomes == ["answered"] * len(questions)
    ends = [s["question_id"] for s in alice.statuses if s["outcome"] in FINAL_OUTCOMES]
    assert sorted(ends) == sorted(questions)
    await stack.close(room)
