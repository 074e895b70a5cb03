"""A room's page on a backend with keys: the link that lets in, whom, and for how long."""

from collections.abc import AsyncIterator
from secrets import token_hex
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from testbed.backend_process import running_backend
from testbed.browser import accessibility_faults, visiting
from testbed.livekit_stack import Stack
from testbed.room_page import RoomPage
from testbed.tcp_proxy import tcp_proxy
from tests.support.inspected_backend import SERVICE_KEY

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEEDED = "This room is joined by an invitation: open the link that you were sent."


class Closed:
    """A backend that lets nobody in without an invitation; `asked` is all that it was sent."""

    def __init__(self, url: str, asked: bytearray, http: httpx.AsyncClient) -> None:
        self.url = url
        self.asked = asked
        self._http = http

    async def invite(self, room: str, **wanted: Any) -> tuple[str, str]:
        """The invitation's id and link."""
        made = await self._http.post(f"/rooms/{room}/invitations", json=wanted)
        made.raise_for_status()
        return made.json()["invitation_id"], made.json()["link"]

    async def revoke(self, room: str, invitation_id: str) -> None:
        gone = await self._http.delete(f"/rooms/{room}/invitations/{invitation_id}")
        gone.raise_for_status()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def closed(stack: Stack) -> AsyncIterator[Closed]:
    env = {
        **stack.livekit.environment,
        "DATABASE_URL": stack.database_url,
        "BACKEND_SERVICE_KEY": SERVICE_KEY,
    }
    asked = bytearray()
    with running_backend(env, forked=True) as backend_url:
        async with (
            tcp_proxy(backend_url, overhear=asked.extend) as proxy,
            httpx.AsyncClient(
                base_url=f"{proxy.url}/api/v1", headers={"Authorization": f"Bearer {SERVICE_KEY}"}
            ) as http,
        ):
            yield Closed(proxy.url, asked, http)


@pytest.fixture
def room() -> str:
    return f"room-{token_hex(4)}"


async def assert_shut(page: Page) -> None:
    """It says what is needed, and has nothing to press or to fill in."""
    await expect(page.locator("#door-note")).to_contain_text(NEEDED)
    assert await page.get_by_role("button").count() == 0
    assert await page.get_by_role("textbox").count() == 0
    assert await accessibility_faults(page) == []


async def test_a_link_lets_in_and_its_secret_stands_in_no_address(
    browser: Browser, closed: Closed, room: str
) -> None:
    _, link = await closed.invite(room)
    address, _, fragment = link.partition("#")
    secret = fragment.removeprefix("invitation=")
    async with visiting(browser) as person:
        page = RoomPage(person.page, closed.url, room)
        assert page.url == address
        await page.open()
        await assert_shut(page.page)

        await page.page.goto(link)  # in the same window: browsers load nothing anew
        assert await accessibility_faults(page.page) == []
        await page.page.get_by_label("Your name").fill("ada")
        await page.page.get_by_role("button", name="Join", exact=True).click()
        await page.agent_is_here()
        assert page.page.url == address
        await page.write("Is this the right room?")
        await page.has_status("Is this the right room?", "Answered")
        await page.shows("Agent", "You said: Is this the right room?")

        await page.page.reload()
        await page.agent_is_here()
        await page.shows("ada", "Is this the right room?")

    sent_to_join = f'"invitation":"{secret}"'.encode()
    assert closed.asked.count(sent_to_join) == 1
    assert secret.encode() not in closed.asked.replace(sent_to_join, b"")


async def test_who_has_left_comes_back_under_another_name_by_the_same_link(
    browser: Browser, closed: Closed, room: str
) -> None:
    _, link = await closed.invite(room)
    async with visiting(browser) as person:
        page = person.page
        await page.goto(link)
        for name in ("ada", "bea"):
            await page.get_by_label("Your name").fill(name)
            await page.get_by_role("button", name="Join", exact=True).click()
            await RoomPage(page, closed.url, room).agent_is_here()
            await page.get_by_role("button", name="Leave").click()
            await expect(page.get_by_role("button", name=f"Join again as {name}")).to_be_focused()
            await page.get_by_role("button", name="Join under another name").click()

        await page.reload()
        await assert_shut(page)


async def test_an_invitation_for_one_person_asks_for_no_name(
    browser: Browser, closed: Closed, room: str
) -> None:
    _, link = await closed.invite(room, identity="Grace & Co", expires_in_s=60)
    async with visiting(browser) as person:
        page = RoomPage(person.page, closed.url, room)
        await page.page.goto(link)
        name = page.page.get_by_label("Your name")
        await expect(name).to_have_value("Grace & Co")
        await expect(name).not_to_be_editable()
        assert await accessibility_faults(page.page) == []
        await page.page.get_by_role("button", name="Join", exact=True).click()
        await page.agent_is_here()

        await page.write("Who am I?")
        await page.has_status("Who am I?", "Answered")
        await page.shows("Grace & Co", "Who am I?")


async def test_who_came_by_an_invitation_that_was_taken_back_is_out_after_a_reload(
    browser: Browser, closed: Closed, room: str
) -> None:
    invitation_id, link = await closed.invite(room)
    async with visiting(browser) as person:
        page = RoomPage(person.page, closed.url, room)
        await page.page.goto(link)
        await page.page.get_by_label("Your name").fill("ada")
        await page.page.get_by_role("button", name="Join", exact=True).click()
        await page.agent_is_here()
        await page.write("This was said inside.")
        await page.has_status("This was said inside.", "Answered")

        await closed.revoke(room, invitation_id)
        await page.page.reload()
        await assert_shut(page.page)
        assert await page.lines.count() == 0

        await page.page.goto(link)
        await page.page.get_by_label("Your name").fill("ada")
        await page.page.get_by_role("button", name="Join", exact=True).click()
        await expect(page.page.get_by_role("alert")).to_contain_text("ask for a new link")
        await expect(page.page.get_by_role("button", name="Leave")).to_be_hidden()
        await person.watch.forgive("403")
