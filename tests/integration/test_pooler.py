"""The backend behind a real pgbouncer in transaction mode, with fewer connections than clients."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from asgi_lifespan import LifespanManager
from pydantic import SecretStr

from backend_stub.app import create_app
from backend_stub.settings import BackendSettings
from retrieval.database.connection import open_connection
from retrieval.database.pool import connect, open_pool
from retrieval.database.roles import APP
from retrieval.errors import DatabaseUnreachable
from retrieval.settings import DatabaseSettings
from retrieval.store.conversations import create_room
from retrieval.wire import ConversationId
from testbed.pgbouncer import pgbouncer, program
from tests.support.wire_examples import message

pytestmark = pytest.mark.skipif(program() is None, reason="pgbouncer is not installed")

ROOMS = 6
TURNS = 12


@pytest.fixture
async def pooler_url(database_url: str) -> AsyncIterator[str]:
    async with pgbouncer(database_url, connections=3) as url:
        yield url


async def test_many_requests_at_once_are_all_served(database_url: str, pooler_url: str) -> None:
    database = DatabaseSettings(url=SecretStr(pooler_url), direct_url=SecretStr(database_url))
    app = create_app(BackendSettings(database=database))
    async with (
        LifespanManager(app, startup_timeout=30),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1/api/v1"
        ) as api,
    ):
        found = await asyncio.gather(*(_talk(api, f"room {number}") for number in range(ROOMS)))
        ready = await api.get("/readyz")
        while '"waiting"} 0.0' not in (await api.get("/metrics")).text:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.1)

    assert found == [[f"turn {turn} of room {n}" for turn in range(TURNS)] for n in range(ROOMS)]
    assert ready.status_code == 200


async def _talk(api: httpx.AsyncClient, room: str) -> list[str]:
    """What is stored at last: each turn appends a message and searches for it."""
    made = (await api.post("/rooms", json={"name": room})).json()
    path = f"/conversations/{made['conversation_id']}"
    for turn in range(TURNS):
        said = message(id=f"m{turn}", content=f"turn {turn} of {room}")
        stored = await api.post(f"{path}/messages", json={"messages": [said]})
        search = await api.post(f"{path}/search", json={"query": f"turn {turn}"})
        assert (stored.status_code, search.status_code) == (200, 200)
        assert any(hit["message"]["id"] == f"m{turn}" for hit in search.json()["hits"])
    page = (await api.get(f"{path}/messages", params={"limit": 50})).json()
    return [one["content"] for one in page["messages"]]


async def test_a_conversation_is_seen_only_in_its_transactions_behind_it(
    database_url: str, pooler_url: str
) -> None:
    """Its connections are other clients' between two transactions."""
    owner = await connect(database_url, pool_size=1)
    rooms = [(await create_room(owner, name=name))[0] for name in ("den", "attic", "loft")]
    await owner.close()
    app = await open_pool(
        pooler_url, pool_size=8, role=APP, behind_pooler=True, cached_statements=0
    )

    async def seen(room: ConversationId | None) -> list[ConversationId]:
        db = app if room is None else app.of(room)
        rows = await db.fetch("select conversation_id from conversation")
        return [row["conversation_id"] for row in rows]

    try:
        wanted = [*rooms, None] * 25
        found = await asyncio.gather(*(seen(room) for room in wanted))
    finally:
        app.terminate()
    assert found == [[room] if room else [] for room in wanted]


async def test_limits_of_statements_hold_behind_it(database_url: str, pooler_url: str) -> None:
    database = DatabaseSettings(
        url=SecretStr(pooler_url), direct_url=SecretStr(database_url), lock_timeout_s=0.2
    )
    app = create_app(BackendSettings(database=database, embedding_worker=False))
    blocker = await open_connection(database_url)
    try:
        async with (
            LifespanManager(app, startup_timeout=30),
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://127.0.0.1/api/v1"
            ) as api,
        ):
            room = (await api.post("/rooms", json={"name": "r"})).json()
            path = f"/conversations/{room['conversation_id']}/messages"
            async with blocker.transaction():
                await blocker.execute("select 1 from conversation for update")
                locked = await api.post(path, json={"messages": [message()]})
            stored = await api.post(path, json={"messages": [message()]})
    finally:
        await blocker.close()

    assert (locked.status_code, stored.status_code) == (503, 200)


async def test_without_the_direct_address_the_variable_is_named(pooler_url: str) -> None:
    app = create_app(BackendSettings(database=DatabaseSettings(url=SecretStr(pooler_url))))
    with pytest.raises(DatabaseUnreachable, match="DATABASE_DIRECT_URL"):
        async with LifespanManager(app):
            pass
