"""One LiveKit server, one backend and one worker for all tests in real rooms."""

import asyncio
import gc
import os
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from testbed.livekit_server import HOW_TO_GET, LiveKitServer, find_binary
from testbed.postgres import Server, create_database, drop_database

if TYPE_CHECKING:
    from testbed.livekit_stack import Stack


@contextmanager
def running_livekit(folder: Path) -> Iterator[LiveKitServer]:
    """A real server. Missing, its tests fail in CI and are skipped elsewhere."""
    binary = find_binary()
    if binary is None:
        if os.environ.get("CI"):
            pytest.fail(HOW_TO_GET)
        pytest.skip(HOW_TO_GET)
    server = LiveKitServer(binary, folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def livekit_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveKitServer]:
    """One for all of the run's rooms."""
    with running_livekit(tmp_path_factory.mktemp("livekit")) as server:
        yield server


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(
    livekit_server: LiveKitServer, postgres: Server, tmp_path_factory: pytest.TempPathFactory
) -> "AsyncIterator[Stack]":
    """Shared by the whole run: every test takes rooms of its own."""
    from testbed.livekit_stack import running_stack

    directory: Path = tmp_path_factory.mktemp("stack")
    name = await create_database(postgres)
    url = postgres.database_url(name)
    async with running_stack(livekit_server, database_url=url, directory=directory) as running:
        yield running
    await _forget_last_connections()
    await drop_database(postgres.url, name)


async def _forget_last_connections() -> None:
    """Our servers may have taken some of the workers that were killed just now, and not known yet
    that nobody is there. They end here, and not as an error of the run's last test.
    """
    await asyncio.sleep(0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
