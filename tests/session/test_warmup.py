"""Warm-up runs where job processes are forked from: it must leave nothing that does not fork."""

import asyncio
import os
import threading
from pathlib import Path

import pytest
from pydantic import HttpUrl

from agent.settings import AgentSettings
from agent.warmup import prebuilt
from agent.warmup.warmup import warm_up
from agent.worker_settings import RoomSettings


def settings(tmp_path: Path, *, llm_base_url: str | None = None) -> AgentSettings:
    return AgentSettings(
        data_dir=tmp_path,
        backend_url=HttpUrl("http://127.0.0.1:1"),
        llm_base_url=HttpUrl(llm_base_url) if llm_base_url else None,
    )


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.parametrize("llm_base_url", [None, "http://127.0.0.1:1/v1"])
def test_it_calls_only_its_own_server_and_leaves_no_thread_and_no_file(
    tmp_path: Path, llm_base_url: str | None
) -> None:
    before = threading.active_count(), open_files()
    # The configured servers are at a closed port: a call to one of them would fail.
    asyncio.run(warm_up(settings(tmp_path, llm_base_url=llm_base_url)))
    assert (threading.active_count(), open_files()) == before
    assert not list(tmp_path.iterdir())


def test_jobs_of_one_process_share_no_dependencies(tmp_path: Path) -> None:
    prebuilt.prebuild(settings(tmp_path), RoomSettings())
    first, second = (prebuilt.take_prebuilt().dependencies for _ in range(2))
    assert first.settings.data_dir == tmp_path
    assert first.client is not second.client
