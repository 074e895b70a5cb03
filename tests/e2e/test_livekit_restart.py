import asyncio
import json
from pathlib import Path

import pytest
from livekit import api

from testbed.livekit_server import API_KEY, API_SECRET, LiveKitServer, find_binary
from testbed.livekit_stack import REGISTERED, Stack
from testbed.room_user import RoomUser

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_restarted_livekit_server_keeps_its_agent_and_gets_its_metadata_back(
    stack: Stack, tmp_path: Path
) -> None:
    binary = find_binary()
    assert binary is not None
    server = LiveKitServer(binary, tmp_path)
    server.start()
    stack.cleanup.callback(server.stop)
    worker = stack.another_worker("restart", server.environment)
    await asyncio.to_thread(worker.start, until=REGISTERED)
    async with api.LiveKitAPI(server.http_url, API_KEY, API_SECRET) as livekit:
        await livekit.room.create_room(api.CreateRoomRequest(name="kept"))
        alice = await RoomUser.join(server.url, "kept", "alice")
        stack.cleanup.push_async_callback(alice.leave)
        request = api.CreateAgentDispatchRequest(agent_name="longroom", room="kept")
        await livekit.agent_dispatch.create_dispatch(request)
        await alice.agent_is_there()
        await alice.ask("The lucky number is twenty-three.")
        agent = alice.agents[0]
        server.stop()
        await asyncio.to_thread(server.start)
        assert (await alice.told_at_last("What is the lucky number?"))["outcome"] == "answered"
        assert "twenty-three" in stack.model.prompt_of("What is the lucky number?").text
        assert alice.agents == [agent]
        found = await livekit.room.list_rooms(api.ListRoomsRequest(names=["kept"]))
        assert "conversation_id" in json.loads(found.rooms[0].metadata)
        await alice.leave()
    worker.terminate()
    await asyncio.to_thread(worker.wait)
