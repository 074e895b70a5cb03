"""An agent that is cut off, stopped and replaced, and comes back to life."""

import asyncio
import os
import signal

import psutil
import pytest
from livekit import api

from testbed.livekit_stack import REGISTERED, Stack, agent_pids
from testbed.room_user import until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_what_a_stopped_agent_had_accepted_is_stored_late_and_it_answers_no_more(
    stack: Stack,
) -> None:
    second = stack.another_worker(
        "second",
        {
            "LIVEKIT_AGENT_NAME": "second",
            "BACKEND_URL": stack.backend_url,
            "LONGROOM_DATA_DIR": str(stack.directory / "another machine"),
        },
    )
    # Before: a process that stands still for a minute is ended by its worker.
    await asyncio.to_thread(second.start, until=REGISTERED)
    room = await stack.open_room("alice")
    alice = room.users[0]
    try:
        assert (await alice.ask("First of all?")).outcome == "answered"
        await stack.messages(room, at_least=2)
        stack.proxy.cut()
        cut_off = await alice.ask("Said while the backend was out of reach?")
        old = agent_pids(stack.worker, room.name)[-1]
        (paused,) = await stack.agents(room.name)
        os.kill(old, signal.SIGSTOP)
        await stack.rooms.room.remove_participant(
            api.RoomParticipantIdentity(room=room.name, identity=paused)
        )
        await stack.dispatch(room.name, "second")
        await until(lambda: agent_pids(second, room.name))
        to_the_new = await alice.ask("And after that?")
        stored = await stack.messages(room, at_least=4)
    finally:
        stack.proxy.restore()
    prompts = len(stack.model.prompts)
    os.kill(old, signal.SIGCONT)
    stored = await stack.messages(room, at_least=6)
    # In the order in which it was said, and marked.
    assert [(m.id.partition(".")[0], m.epoch is not None) for m in stored[2:]] == [
        (cut_off.question_id, True),
        (cut_off.question_id, True),
        (to_the_new.question_id, False),
        (to_the_new.question_id, False),
    ]
    await until(lambda: not psutil.pid_exists(old))
    assert len(stack.model.prompts) == prompts
    assert (await alice.ask("Is one of you still here?")).outcome == "answered"
    await stack.messages(room, at_least=8)
    second.terminate()
    assert await asyncio.to_thread(second.wait) == 0
    await stack.close(room)
