"""What a room's page shows when memory, model or connection have something to tell, by axe."""

from collections.abc import AsyncIterator
from secrets import token_hex
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from testbed.backend_process import running_backend
from testbed.browser import (
    DESKTOP,
    PATIENCE_MS,
    PHONE,
    Person,
    accessibility_faults,
    overflow,
    visiting,
)
from testbed.livekit_stack import Stack
from testbed.room_page import RoomPage
from testbed.seeded_rooms import festival
from testbed.tcp_proxy import tcp_proxy
from tests.support.inspected_backend import pool_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOST = ("error reading from signal stream", "WebSocket connection", "ERR_", "Failed to fetch")
LANTERNS = "How many paper lanterns did we say we need?"


@pytest_asyncio.fixture(
    loop_scope="session",
    params=[
        pytest.param({"size": DESKTOP}, id="desktop"),
        pytest.param({"size": PHONE, "dark": True}, id="phone, dark"),
    ],
)
async def person(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Person]:
    look: dict[str, Any] = request.param
    async with visiting(browser, **look) as person:
        yield person


@pytest.fixture
def room() -> str:
    return f"room-{token_hex(4)}"


async def assert_well_made(page: RoomPage) -> None:
    assert await accessibility_faults(page.page) == []
    assert await overflow(page.page) == 0


async def test_recalled_messages_and_a_question_that_failed(
    person: Person, stack: Stack, room: str
) -> None:
    async with pool_of(stack.database_url) as db:
        await festival(db, room=room)
    page = RoomPage(person.page, stack.backend_url, room)
    await page.join("dora")
    stack.model.busy_for = LANTERNS
    try:
        await page.write(LANTERNS)
        summary = page.page.locator("#recall-state")
        await expect(summary).to_contain_text("Recalled for dora", timeout=PATIENCE_MS)
        await summary.focus()
        await page.page.keyboard.press("Enter")
        await expect(page.page.locator("#recall-hits li").first).to_be_visible()
        await assert_well_made(page)

        again = page.page.get_by_role("button", name="Send again")
        await expect(again).to_be_visible(timeout=PATIENCE_MS)
        await expect(page.page.locator("#recall-hits li").first).to_be_visible()
        await assert_well_made(page)
    finally:
        stack.model.busy_for = None


async def test_a_lost_connection_and_what_was_said_until_it_is_back(
    person: Person, browser: Browser, stack: Stack, room: str
) -> None:
    async with tcp_proxy(stack.livekit.http_url) as line:
        env = {
            **stack.livekit.environment,
            "LIVEKIT_PUBLIC_URL": line.url.replace("http", "ws"),
            "DATABASE_URL": stack.database_url,
        }
        with running_backend(env, forked=True) as behind:
            ada = RoomPage(person.page, behind, room)
            await ada.join("ada")
            async with visiting(browser) as other:
                ben = RoomPage(other.page, stack.backend_url, room)
                await ben.join("ben")

                line.cut()
                await expect(ada.presence).to_have_text("connecting again …", timeout=PATIENCE_MS)
                trouble = ada.page.locator("#trouble-text")
                await expect(trouble).to_contain_text("The connection was lost; trying again.")
                await assert_well_made(ada)
                await ben.write("Ada is away.")
                await ben.has_status("Ada is away.", "Answered")
                line.restore()

                await ada.agent_is_here()
                await ada.shows("ben", "Ada is away.")
                await ada.shows("Agent", "You said: Ada is away.")
                await ada.has_status("Ada is away.", "Answered")
                await expect(ada.lines).to_have_count(2)
                await expect(trouble).to_be_hidden()
                await ada.page.goto("about:blank")  # else it looks for servers that have ended
    await person.watch.forgive(*LOST)
    person.watch.errors.clear()  # how a browser tells of it differs from time to time
