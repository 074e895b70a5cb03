"""A backend takes rooms that are searched into memory, and drops them when it erases."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from pydantic import SecretStr

from backend_stub.app import create_app
from backend_stub.settings import BackendSettings
from retrieval.search.memory.room import Room
from retrieval.search.memory.rooms import Rooms
from retrieval.settings import DatabaseSettings
from retrieval.wire import ConversationId
from tests.support.wire_examples import message


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[FastAPI]:
    database = DatabaseSettings(url=SecretStr(database_url))
    app = create_app(BackendSettings(database=database, room_memory_mb=8))
    async with LifespanManager(app, startup_timeout=30):
        yield app


@pytest.fixture
async def api(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1/api/v1"
    ) as client:
        yield client


async def taken_in(api: httpx.AsyncClient, rooms: Rooms[Room], name: str) -> ConversationId:
    made = (await api.post("/rooms", json={"name": name})).json()
    room = ConversationId(UUID(made["conversation_id"]))
    said = [message(id=f"m{n}", participant=("ada", "bob")[n % 2]) for n in range(4)]
    await api.post(f"/conversations/{room}/messages", json={"messages": said})
    for _ in range(200):
        await api.post(f"/conversations/{room}/search", json={"query": "pump"})
        if rooms.get(room) is not None:
            return room
        await asyncio.sleep(0.05)  # while the messages' vectors come, it is not taken in
    raise AssertionError("the room is not taken into memory")


async def test_what_is_erased_leaves_the_memory_of_this_backend_at_once(
    app: FastAPI, api: httpx.AsyncClient
) -> None:
    rooms = app.state.resources.rooms
    names = ("den", "attic", "loft", "shed", "barn")
    den, attic, loft, *others = [await taken_in(api, rooms, name) for name in names]
    counted = await api.delete(f"/conversations/{den}", params={"dry_run": True})
    assert counted.status_code == 200
    assert rooms.get(den) is not None

    for room, path in ((den, "/messages/m1"), (attic, "/participants/ada"), (loft, "")):
        erased = await api.delete(f"/conversations/{room}{path}")
        assert erased.status_code == 200
        assert rooms.get(room) is None

    assert all(rooms.get(room) for room in others)
    await api.delete("/participants/ada")
    assert [rooms.get(room) for room in others] == [None, None]
