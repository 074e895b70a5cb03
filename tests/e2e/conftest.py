"""What the tests of real processes share: rooms, and a backend for clients."""

import asyncio
from collections.abc import Iterator

import pytest

from testbed.backend_process import running_backend
from testbed.postgres import Server, create_database, drop_database
from tests.support.backend_under_test import BackendUnderTest


@pytest.fixture(scope="session")
def clients_backend(postgres: Server) -> Iterator[BackendUnderTest]:
    """One for all tests of clients; each takes conversations of its own."""
    name = asyncio.run(create_database(postgres))
    key = "a key for the tests"
    env = {
        "DATABASE_URL": postgres.database_url(name),
        "BACKEND_SERVICE_KEY": key,
        "BACKEND_TOKEN_SECRET": "signs the tokens of these tests alone",
    }
    with running_backend(env, forked=True) as url:
        yield BackendUnderTest(url, {"Authorization": f"Bearer {key}"})
    asyncio.run(drop_database(postgres.url, name))
