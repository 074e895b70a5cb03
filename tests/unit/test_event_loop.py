"""The backend's event loop."""

import asyncio

import pytest

from backend_stub.connections import event_loop
from backend_stub.connections.event_loop import loop_factory


async def _loop() -> str:
    return type(asyncio.get_running_loop()).__module__


def test_it_is_uvloops_where_that_is_installed() -> None:
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        assert runner.run(_loop()).startswith("uvloop")


def test_it_is_asyncios_where_uvloop_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "find_spec", lambda _: None)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        assert runner.run(_loop()).startswith("asyncio")
