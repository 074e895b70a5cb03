"""Rooms that last longer than the tokens with which people and agents have joined."""

import asyncio
import time

import pytest

from testbed.livekit_stack import REGISTERED, Stack, agent_pids, kill_agent
from testbed.room_user import RoomUser, join_token, until
from testbed.tcp_proxy import tcp_proxy

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORKER = ("livekit.agents", "start", "tests/support/short_token_worker.py", "--log-format", "json")
TOKEN_S = 3


async def test_who_loses_the_connection_after_the_token_has_expired_comes_back(
    stack: Stack,
) -> None:
    async with tcp_proxy(stack.livekit.http_url) as proxy:
        url = proxy.url.replace("http", "ws")
        env = {"LIVEKIT_AGENT_NAME": "tokens", "LIVEKIT_URL": url, "TEST_TOKEN_S": str(TOKEN_S)}
        worker = stack.another_worker("tokens", env, arguments=WORKER)
        await asyncio.to_thread(worker.start, until=REGISTERED)
        room, alice = await stack.join_with("tokens")
        bob = RoomUser("bob")
        await bob.connect_with(url, join_token("bob", room, ttl_s=TOKEN_S))
        expired_at = time.monotonic() + TOKEN_S + 1
        assert (await alice.ask("The lucky number is twenty-four.")).outcome == "answered"
        (agent,) = await stack.agents(room)
        await until(lambda: time.monotonic() > expired_at)
        proxy.cut()
        await asyncio.sleep(1)
        proxy.restore()
        assert (await bob.told_at_last("What is the lucky number?"))["outcome"] == "answered"
        assert (await alice.told_at_last("And what was it, again?"))["outcome"] == "answered"
        assert await stack.agents(room) == [agent]
        # The token that it joined with cannot be used any more: the worker signs another.
        kill_agent(worker, room)
        await until(lambda: len(agent_pids(worker, room)) == 2)
        assert (await alice.told_at_last("And after that?"))["outcome"] == "answered"
        assert "twenty-four" in stack.model.prompt_of("And after that?").text
        assert len(await stack.agents(room)) == 1
        await bob.leave()
        await alice.leave()
        worker.kill()
