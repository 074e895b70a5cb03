"""What a worker finds out at its start, before a room depends on it."""

import httpx
import pytest
from pydantic import HttpUrl, SecretStr

from agent.processes.start_checks import check_service_key
from agent.settings import AgentSettings
from tests.support.fake_backend import FakeBackend, served


def settings(url: str) -> AgentSettings:
    return AgentSettings(backend_url=HttpUrl(url), backend_service_key=SecretStr("a key"))


async def test_a_key_that_is_taken_is_no_reason_to_stop() -> None:
    async with served(FakeBackend()) as url:
        await check_service_key(settings(url))


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_refused_stops_the_worker_and_is_named(status: int) -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(status)
    async with served(backend) as url:
        with pytest.raises(SystemExit, match="BACKEND_SERVICE_KEY"):
            await check_service_key(settings(url))


async def test_another_program_at_that_address_stops_the_worker() -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(200, text="<html>Welcome</html>")
    async with served(backend) as url:
        with pytest.raises(SystemExit, match="BACKEND_URL"):
            await check_service_key(settings(url))


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_backend_that_cannot_answer_now_is_waited_for(status: int) -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(status)
    async with served(backend) as url:
        await check_service_key(settings(url))


async def test_a_backend_that_is_down_is_waited_for() -> None:
    await check_service_key(settings("http://127.0.0.1:9"))
