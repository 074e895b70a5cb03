"""A worker whose key the backend refuses says so, and is not ready until the key is taken."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest
from pydantic import HttpUrl, SecretStr

from agent.processes.agent_worker import READY_FILE, build_worker
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings
from tests.support.fake_backend import FakeBackend, served


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.02)


async def test_a_refused_key_withdraws_the_ready_file_and_a_taken_one_brings_it_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    ready = tmp_path / READY_FILE
    settings = WorkerSettings(
        livekit_url="ws://127.0.0.1:1",
        livekit_api_key="key",
        livekit_api_secret=SecretStr("s" * 32),
    )
    async with served(backend) as url:
        agent_settings = AgentSettings(data_dir=tmp_path, backend_url=HttpUrl(url))
        worker = build_worker(settings, agent_settings)
        backend.refuse = lambda *_: httpx.Response(401)
        async with aclosing(worker.heartbeat):
            worker._registered()
            assert ready.exists()
            await _until(lambda: not ready.exists())
            backend.refuse = lambda *_: httpx.Response(204)
            await _until(ready.exists)
            # One that is only away leaves it: the rooms go on without it.
            backend.down = True
            backend.refuse = lambda *_: None
            await _until(lambda: any(r.message == "worker not reported" for r in caplog.records))
            assert ready.exists()
    (told,) = [record for record in caplog.records if "worker's key" in record.message]
    assert told.levelno == logging.ERROR
