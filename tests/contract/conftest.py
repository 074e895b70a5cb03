"""The backend under test: the one at BACKEND_URL, or ours as a real process.

Any backend that replaces ours must pass this suite:
`BACKEND_URL=https://… BACKEND_SERVICE_KEY=… pytest tests/contract`.
"""

import asyncio
import os
import secrets
import ssl
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import httpx
import pytest

from testbed.backend_process import running_backend
from testbed.postgres import create_database, drop_database
from tests.support.backend_under_test import BackendUnderTest
from tests.support.wire_examples import message

SERVICE_KEY = "a key for the tests"


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Iterator[BackendUnderTest]:
    """One for the whole run; each test uses its own rooms."""
    given = os.environ.get("BACKEND_URL")
    if given:
        key = os.environ.get("BACKEND_SERVICE_KEY")
        yield BackendUnderTest(given.rstrip("/"), {"Authorization": f"Bearer {key}"} if key else {})
        return
    server = request.getfixturevalue("postgres")
    name = asyncio.run(create_database(server))
    env = {
        "DATABASE_URL": server.database_url(name),
        "BACKEND_SERVICE_KEY": SERVICE_KEY,
        "BACKEND_TOKEN_SECRET": "signs the tokens of these tests alone",
    }
    with running_backend(env) as url:
        yield BackendUnderTest(url, {"Authorization": f"Bearer {SERVICE_KEY}"})
    asyncio.run(drop_database(server.url, name))


@pytest.fixture(scope="session")
def certificates() -> ssl.SSLContext:
    """Read once: that takes longer than most of these tests."""
    return httpx.create_ssl_context()


@pytest.fixture
async def api(
    backend: BackendUnderTest, certificates: ssl.SSLContext
) -> AsyncIterator[httpx.AsyncClient]:
    """At the API root, with the credential."""
    async with httpx.AsyncClient(
        base_url=f"{backend.url}/api/v1",
        headers=backend.headers,
        timeout=30,
        verify=certificates,
    ) as client:
        yield client


@pytest.fixture
def room_name() -> str:
    return f"contract {secrets.token_hex(6)}"


@pytest.fixture
async def conversation_id(api: httpx.AsyncClient, room_name: str) -> UUID:
    """Of a new, empty room."""
    response = await api.post("/rooms", json={"name": room_name})
    assert response.status_code == 201, response.text
    return UUID(response.json()["conversation_id"])


@pytest.fixture
async def other_conversation_id(api: httpx.AsyncClient) -> UUID:
    response = await api.post("/rooms", json={"name": f"other {secrets.token_hex(6)}"})
    return UUID(response.json()["conversation_id"])


@pytest.fixture
async def stored(api: httpx.AsyncClient, conversation_id: UUID) -> list[dict[str, object]]:
    """Thirty stored messages, in order."""
    batch = [message(id=f"m{number}", content=f"line number {number}") for number in range(30)]
    response = await api.post(
        f"/conversations/{conversation_id}/messages", json={"messages": batch}
    )
    assert response.status_code == 200, response.text
    return batch
