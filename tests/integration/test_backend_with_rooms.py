"""A backend that keeps rooms in memory gives the answers of one that keeps none, and says how."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from asgi_lifespan import LifespanManager
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from backend_stub import room_memory
from backend_stub.app import create_app
from backend_stub.settings import BackendSettings
from retrieval.settings import DatabaseSettings

SAID = ["The pump leaks.", "Ben repaired the lantern.", "Who sold the pump?", "The pump is blue."]
ASKED = [
    {"query": "pump", "explain": True},
    {"query": "who repaired it?", "neighbours": 1, "explain": True},
]


@asynccontextmanager
async def backend(
    database_url: str, room_memory_mb: int | None
) -> AsyncIterator[httpx.AsyncClient]:
    settings = BackendSettings(
        database=DatabaseSettings(url=SecretStr(database_url), pool_size=4),
        room_memory_mb=room_memory_mb,
    )
    app = create_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        LifespanManager(app, startup_timeout=30),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as client,
    ):
        yield client


async def room_with_messages(client: httpx.AsyncClient) -> str:
    room = await client.post("/rooms", json={"name": "den"})
    path = f"/conversations/{room.json()['conversation_id']}"
    messages = [
        {
            "id": f"m{number}",
            "role": "user",
            "participant": "ada",
            "content": text,
            "created_at": f"2025-03-01T12:0{number}:00Z",
        }
        for number, text in enumerate(SAID)
    ]
    await client.post(f"{path}/messages", json={"messages": messages})
    while (await search(client, path, ASKED[0]))["pending"]:  # noqa: ASYNC110 - no event
        await asyncio.sleep(0.05)
    return path


async def search(client: httpx.AsyncClient, path: str, request: dict[str, Any]) -> dict[str, Any]:
    """Without its timings."""
    response: dict[str, Any] = (await client.post(f"{path}/search", json=request)).json()
    return {name: value for name, value in response.items() if name != "timings"}


async def figure(client: httpx.AsyncClient, name: str, **labels: str) -> float:
    metrics = (await client.get("/metrics")).text
    (value,) = [
        sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return value


async def test_memory_answers_what_the_tables_answer(database_url: str) -> None:
    async with backend(database_url, 0) as without:
        path = await room_with_messages(without)
        expected = [await search(without, path, request) for request in ASKED]
        assert await figure(without, "longroom_rooms_in_memory") == 0
        assert await figure(without, "longroom_searches_answered_total", by="memory") == 0
    async with backend(database_url, 1) as client:
        while not await figure(client, "longroom_rooms_in_memory"):
            await search(client, path, ASKED[0])
        before = await figure(client, "longroom_searches_answered_total", by="tables")
        found = [await search(client, path, request) for request in ASKED]

        assert found == expected
        assert await figure(client, "longroom_searches_answered_total", by="memory") >= len(ASKED)
        assert await figure(client, "longroom_searches_answered_total", by="tables") == before
        assert await figure(client, "longroom_room_fills_total") == 1
        assert 0 < await figure(client, "longroom_room_memory_bytes") <= 1024 * 1024
        ready = (await client.get("/readyz")).json()
        assert ready["background"]["sweep of rooms in memory"] == "running"


async def test_where_the_database_adds_in_another_order_no_room_is_kept(
    database_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def differs(db: object, *, dimension: int) -> bool:
        return False

    monkeypatch.setattr(room_memory, "agrees", differs)
    with caplog.at_level(logging.WARNING, room_memory.__name__):
        async with backend(database_url, None) as client:
            path = await room_with_messages(client)
            assert await search(client, path, ASKED[0])
            assert await figure(client, "longroom_rooms_in_memory") == 0
    assert [record.name for record in caplog.records].count(room_memory.__name__) == 1
