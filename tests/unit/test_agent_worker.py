"""What a worker does beside its rooms: it reports itself, and delivers what rooms left behind."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest
from pydantic import HttpUrl, SecretStr

from agent.processes.agent_worker import READY_FILE, AgentWorker, build_worker
from agent.settings import AgentSettings
from agent.worker_settings import WorkerSettings
from tests.support.builders import message
from tests.support.fake_backend import FakeBackend, served
from tests.support.outboxes import opened_outbox


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.02)


def _worker(backend_url: str, data_dir: Path) -> AgentWorker:
    settings = WorkerSettings(
        livekit_url="ws://127.0.0.1:1",
        livekit_api_key="key",
        livekit_api_secret=SecretStr("s" * 32),
    )
    return build_worker(
        settings, AgentSettings(data_dir=data_dir, backend_url=HttpUrl(backend_url))
    )


async def test_a_refused_key_withdraws_the_ready_file_and_a_taken_one_brings_it_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    ready = tmp_path / READY_FILE
    async with served(backend) as url:
        worker = _worker(url, tmp_path)
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


async def test_what_a_room_leaves_behind_is_delivered_without_a_restart(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    async with served(backend) as url:
        recovering = asyncio.create_task(_worker(url, tmp_path)._recover_outbox(every_s=0.01))
        async with opened_outbox(backend, tmp_path) as outbox:
            await outbox.accept(message(1))
        backend.down = False
        await _until(lambda: bool(backend.stored))
        recovering.cancel()
        await asyncio.gather(recovering, return_exceptions=True)
    assert [m.id for m in backend.stored] == ["m1"]
