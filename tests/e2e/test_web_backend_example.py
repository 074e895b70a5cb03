"""The example of a web backend: calls in rooms of new names, whose customers are remembered."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest
import pytest_asyncio

from longroom.local_room.livekit_server import free_port
from testbed.livekit_stack import Stack
from testbed.program import Program
from testbed.room_user import RoomUser

pytestmark = pytest.mark.asyncio(loop_scope="session")

FACT = "My dog Rufus only eats rice."
QUESTION = "What does my dog eat?"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop(stack: Stack) -> AsyncIterator[str]:
    """The address of the web backend, for the agent that ships."""
    port = free_port()
    arguments = ("examples.web_backend", "--port", str(port), "--agent", "longroom")
    program = stack.another_worker("web_backend", {}, arguments=arguments, forked=False)
    await asyncio.to_thread(program.start, until="Running on")
    yield f"http://127.0.0.1:{port}"
    program.terminate()
    await asyncio.to_thread(program.wait)


async def signed_in(shop: str, customer: str) -> httpx.AsyncClient:
    browser = httpx.AsyncClient(base_url=shop, timeout=60)
    answer = await browser.post("/sign-in", data={"customer": customer})
    assert answer.json() == {"customer": customer}
    return browser


async def call(
    stack: Stack, browser: httpx.AsyncClient, customer: str
) -> tuple[RoomUser, dict[str, Any]]:
    opened = (await browser.post("/calls")).json()
    user = RoomUser(customer)
    stack.cleanup.push_async_callback(user.leave)
    await user.connect_with(opened["url"], opened["token"])
    await user.agent_is_there()
    return user, opened


async def messages(browser: httpx.AsyncClient, *, at_least: int) -> list[dict[str, str]]:
    async with asyncio.timeout(60):
        while True:
            said: list[dict[str, str]] = (await browser.get("/messages")).json()
            if len(said) >= at_least:
                return said
            await asyncio.sleep(0.05)


async def test_the_second_call_recalls_the_first_and_the_backend_lists_both(
    stack: Stack, shop: str
) -> None:
    customer = f"ada {token_hex(4)}"
    browser = await signed_in(shop, customer)
    ada, first = await call(stack, browser, customer)
    await ada.ask(FACT)
    await ada.leave()

    ada, second = await call(stack, browser, customer)
    await ada.ask(QUESTION)
    await ada.leave()

    assert first["room"] != second["room"]
    assert FACT in stack.model.prompt_of(QUESTION).text
    said = await messages(browser, at_least=4)
    assert [message["said"] for message in said if message["by"] == customer] == [FACT, QUESTION]
    await browser.aclose()


async def test_another_customer_gets_nothing_of_it(stack: Stack, shop: str) -> None:
    ada, eve = (f"{name} {token_hex(4)}" for name in ("ada", "eve"))
    adas, eves = await signed_in(shop, ada), await signed_in(shop, eve)
    user, _ = await call(stack, adas, ada)
    await user.ask(FACT)
    await user.leave()

    user, _ = await call(stack, eves, eve)
    await user.ask("What does the dog Rufus eat?")
    await user.leave()

    assert "rice" not in stack.model.prompts[-1].text
    said = (await eves.get("/messages")).json()
    assert not [message for message in said if "rice" in message["said"]]
    await adas.aclose()
    await eves.aclose()


@pytest.mark.parametrize("customer", ["", " ", "x" * 101, "two\nlines"])
async def test_a_name_that_can_be_none_is_refused(shop: str, customer: str) -> None:
    async with httpx.AsyncClient(base_url=shop, timeout=60) as browser:
        refused = await browser.post("/sign-in", data={"customer": customer})

    assert (refused.status_code, dict(browser.cookies)) == (400, {})


@pytest.mark.parametrize("cookies", [{}, {"customer": "ada"}])
async def test_who_has_not_signed_in_gets_neither_a_call_nor_messages(
    shop: str, cookies: dict[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=shop, timeout=60, cookies=cookies) as browser:
        answers = [await browser.post("/calls"), await browser.get("/messages")]

    assert [answer.status_code for answer in answers] == [401, 401]


async def test_it_tells_at_once_which_settings_it_lacks(tmp_path: Path) -> None:
    env = {"LIVEKIT_URL": "ws://127.0.0.1:9", "LIVEKIT_API_KEY": ""}
    program = Program(["examples.web_backend"], env=env, log=tmp_path / "log")

    assert await asyncio.to_thread(program.run) == 2
    assert "set LIVEKIT_API_KEY, LIVEKIT_API_SECRET" in program.output


async def test_the_page_may_reach_the_livekit_server_and_no_other_host(
    shop: str, stack: Stack
) -> None:
    async with httpx.AsyncClient(base_url=shop, timeout=60) as browser:
        policy = (await browser.get("/")).headers["Content-Security-Policy"]

    host = stack.livekit.url.removeprefix("ws://")
    allowed = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert allowed["default-src"] == "'self'"
    assert allowed["connect-src"].split() == [
        "'self'",
        *(f"{scheme}://{host}" for scheme in ("ws", "wss", "http", "https")),
    ]
