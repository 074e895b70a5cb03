import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from livekit import api, rtc

from longroom.local_room.livekit_server import free_port
from retrieval.wire import CHANGED_TOPIC, Room
from testbed.backend_process import BackendProcess, running_backend
from testbed.livekit_server import API_KEY, API_SECRET, LiveKitServer
from testbed.postgres import Server, create_database, drop_database
from tests.support.wire_examples import message

AGENT = f"nobody-{secrets.token_hex(4)}"  # no worker has it: these tests look at the server


def environment(database_url: str, livekit_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "LIVEKIT_URL": livekit_url,
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
        "LIVEKIT_TIMEOUT_S": "5",
        "LIVEKIT_AGENT_NAME": AGENT,
        "LIVEKIT_WATCH_INTERVAL_S": "0",
        "BACKEND_EMBEDDING_WORKER": "false",
    }


@pytest.fixture
async def rooms(livekit_server: LiveKitServer) -> AsyncIterator[api.LiveKitAPI]:
    """A client of the LiveKit server itself."""
    async with api.LiveKitAPI(livekit_server.http_url, API_KEY, API_SECRET) as server:
        yield server


@pytest.fixture(scope="module")
def backend_url(livekit_server: LiveKitServer, postgres: Server) -> Iterator[str]:
    """One backend for the file; each test uses rooms of its own."""
    name = asyncio.run(create_database(postgres))
    env = environment(postgres.database_url(name), livekit_server.url)
    with running_backend(env, forked=True) as url:
        yield url
    asyncio.run(drop_database(postgres.url, name))


@pytest.fixture
async def backend(backend_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{backend_url}/api/v1", timeout=20) as client:
        yield client


@pytest.fixture
def room_name() -> str:
    return f"room-{secrets.token_hex(4)}"


async def test_a_room_is_opened_with_its_conversation_and_an_agent(
    backend: httpx.AsyncClient, rooms: api.LiveKitAPI, room_name: str
) -> None:
    room = await _create(backend, room_name)

    assert room.dispatched
    assert room.token is None
    expected = {"conversation_id": str(room.conversation_id)}
    assert json.loads(await _metadata(rooms, room_name)) == expected
    [dispatch] = await _dispatches(rooms, room_name)
    assert json.loads(dispatch.metadata) == expected


async def test_asking_again_dispatches_no_second_agent(
    backend: httpx.AsyncClient, rooms: api.LiveKitAPI, room_name: str
) -> None:
    await _create(backend, room_name)

    again = await _create(backend, room_name)

    assert again.dispatched
    assert len(await _dispatches(rooms, room_name)) == 1


async def test_asking_again_dispatches_again_once_the_first_dispatch_must_be_lost(
    backend: httpx.AsyncClient, rooms: api.LiveKitAPI, room_name: str
) -> None:
    await _create(backend, room_name)

    async with asyncio.timeout(20):
        while len(await _dispatches(rooms, room_name)) < 2:
            assert (await _create(backend, room_name)).dispatched
            await asyncio.sleep(0.5)
    await _create(backend, room_name)

    first, second = await _dispatches(rooms, room_name)
    assert first.metadata == second.metadata


async def test_a_room_that_others_opened_is_completed_and_keeps_what_it_has(
    backend: httpx.AsyncClient, rooms: api.LiveKitAPI, room_name: str
) -> None:
    await rooms.room.create_room(
        api.CreateRoomRequest(name=room_name, metadata='{"topic": "pumps"}')
    )

    room = await _create(backend, room_name)

    assert json.loads(await _metadata(rooms, room_name)) == {
        "topic": "pumps",
        "conversation_id": str(room.conversation_id),
    }
    assert len(await _dispatches(rooms, room_name)) == 1


@pytest.mark.parametrize("foreign", ["not JSON", "[1]", '{"conversation_id": "theirs"}'])
async def test_metadata_of_another_form_is_left_alone(
    backend: httpx.AsyncClient, rooms: api.LiveKitAPI, room_name: str, foreign: str
) -> None:
    await rooms.room.create_room(api.CreateRoomRequest(name=room_name, metadata=foreign))

    room = await _create(backend, room_name)

    assert room.dispatched
    assert await _metadata(rooms, room_name) == foreign


async def test_the_token_joins_the_room_under_the_identity_asked_for(
    backend: httpx.AsyncClient, room_name: str
) -> None:
    room = await _create(backend, room_name, identity="ada")
    assert room.livekit_url is not None
    assert room.token is not None

    user = rtc.Room()
    await user.connect(room.livekit_url, room.token)
    try:
        assert user.name == room_name
        assert user.local_participant.identity == "ada"
    finally:
        await user.disconnect()


async def test_the_token_brings_the_agent_if_the_server_was_down_when_the_room_was_made(
    livekit_server: LiveKitServer, rooms: api.LiveKitAPI, database_url: str, room_name: str
) -> None:
    nowhere = f"ws://127.0.0.1:{free_port()}"
    with BackendProcess(environment(database_url, nowhere), forked=True) as process:
        async with httpx.AsyncClient(base_url=f"{process.url()}/api/v1", timeout=20) as client:
            room = await _create(client, room_name, identity="ada")
        log = process.log()

    assert room.created
    assert not room.dispatched
    assert room.token is not None
    assert "LiveKit did not open the room" in log
    assert API_SECRET not in log
    user = rtc.Room()
    await user.connect(livekit_server.url, room.token)
    try:
        async with asyncio.timeout(10):
            while not (found := await _dispatches(rooms, room_name)):  # noqa: ASYNC110  # no event
                await asyncio.sleep(0.05)
        assert json.loads(found[0].metadata) == {"conversation_id": str(room.conversation_id)}
    finally:
        await user.disconnect()


async def _create(backend: httpx.AsyncClient, name: str, *, identity: str | None = None) -> Room:
    response = await backend.post("/rooms", json={"name": name, "identity": identity})
    assert response.is_success, response.text
    return Room.model_validate(response.json())


async def _dispatches(rooms: api.LiveKitAPI, name: str) -> list[api.AgentDispatch]:
    # The server adds a nameless one to rooms that were created without any.
    found = await rooms.agent_dispatch.list_dispatch(name)
    return [dispatch for dispatch in found if dispatch.agent_name == AGENT]


async def _metadata(rooms: api.LiveKitAPI, name: str) -> str:
    found = await rooms.room.list_rooms(api.ListRoomsRequest(names=[name]))
    return found.rooms[0].metadata


async def test_the_rooms_of_a_conversation_are_told_of_each_change_without_a_word(
    backend: httpx.AsyncClient, livekit_server: LiveKitServer, room_name: str
) -> None:
    created = await _create(backend, room_name, identity="ada")
    at = f"/conversations/{created.conversation_id}"
    batch = [message(id="m1", content="The zyxomelon."), message(id="m2"), message(id="m3")]
    await backend.post(f"{at}/messages", json={"messages": batch})
    told: asyncio.Queue[rtc.DataPacket] = asyncio.Queue()
    room = rtc.Room()
    room.on("data_received", told.put_nowait)
    assert created.token is not None
    await room.connect(livekit_server.url, created.token)
    try:
        await backend.patch(f"{at}/messages/m2", json={"content": "Better."})
        await backend.delete(f"{at}/messages/m1")
        await backend.delete(f"{at}/participants/ada")
        await backend.delete(at)

        packets = [await asyncio.wait_for(told.get(), 20) for _ in range(4)]
    finally:
        await room.disconnect()

    assert {packet.topic for packet in packets} == {CHANGED_TOPIC}
    assert [json.loads(packet.data) for packet in packets] == [
        {"conversation_id": str(created.conversation_id), "revision": revision}
        for revision in (1, 2, 3, 4)
    ]


async def test_a_room_whose_conversation_was_erased_gets_the_metadata_of_its_next_one(
    backend: httpx.AsyncClient, rooms: api.LiveKitAPI, room_name: str
) -> None:
    first = await _create(backend, room_name)
    await backend.delete(f"/conversations/{first.conversation_id}")

    second = await _create(backend, room_name)

    assert second.conversation_id != first.conversation_id
    expected = {"conversation_id": str(second.conversation_id)}
    assert json.loads(await _metadata(rooms, room_name)) == expected


async def test_a_livekit_server_that_is_away_fails_no_erasure(postgres: Server) -> None:
    name = await create_database(postgres)
    env = environment(postgres.database_url(name), f"ws://127.0.0.1:{free_port()}")
    with running_backend(env, forked=True) as url:
        async with httpx.AsyncClient(base_url=f"{url}/api/v1", timeout=20) as backend:
            created = (await backend.post("/rooms", json={"name": "r"})).json()
            at = f"/conversations/{created['conversation_id']}"
            await backend.post(f"{at}/messages", json={"messages": [message(id="m1")]})

            response = await backend.delete(f"{at}/messages/m1")

    assert response.status_code == 200, response.text
    await drop_database(postgres.url, name)
