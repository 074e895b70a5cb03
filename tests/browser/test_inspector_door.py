"""Into the inspector and out of it, and its list of rooms, in a real browser."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from playwright.async_api import Browser, Error, Route, expect

from testbed.browser import DESKTOP, PATIENCE_MS, PHONE, accessibility_faults, overflow, visiting
from testbed.seeded_rooms import FESTIVAL, HOSTILE, festival
from tests.support.inspected_backend import SERVICE_KEY, Inspected, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

LOOKS = [
    pytest.param({"size": DESKTOP}, id="desktop"),
    pytest.param({"size": PHONE, "dark": True}, id="phone, dark"),
]


async def test_a_key_opens_the_inspector_and_signing_out_closes_it(
    browser: Browser, inspected: Inspected
) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await page.goto(f"{inspected.url}/inspect")
        await page.get_by_label("Key").fill("a wrong key")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_have_text("This is not a valid key.")
        await operator.watch.forgive("403")

        await page.get_by_label("Key").fill(SERVICE_KEY)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("link", name=FESTIVAL)).to_be_visible()
        assert "longroom_inspector" not in await page.evaluate("document.cookie")

        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("Key")).to_be_visible()
        await page.go_back()
        await expect(page.get_by_label("Key")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
async def test_the_list_of_rooms_is_accessible_and_no_wider_than_the_window(
    browser: Browser, inspected: Inspected, look: dict[str, Any]
) -> None:
    async with visiting(browser, **look) as operator:
        page = operator.page
        await page.goto(f"{inspected.url}/inspect")
        assert await accessibility_faults(page) == []
        await sign_in(page, inspected)
        await expect(page.get_by_role("link", name=FESTIVAL)).to_be_visible()

        assert await accessibility_faults(page) == []
        assert await overflow(page) == 0


async def test_a_name_that_is_a_script_is_text(browser: Browser, inspected: Inspected) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected)

        await expect(page.get_by_role("link", name=HOSTILE, exact=True)).to_be_visible()
        assert await page.locator("img[src=x]").count() == 0


async def test_rooms_are_filtered_by_their_names_as_one_types(
    browser: Browser, inspected: Inspected
) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected)
        await page.get_by_label("Name contains").fill("img src")

        await expect(page.get_by_role("link", name=FESTIVAL)).to_be_hidden()
        await expect(page.get_by_role("link", name=HOSTILE, exact=True)).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("link", name=FESTIVAL)).to_be_hidden()


async def test_what_is_typed_as_soon_as_there_is_a_field_filters_too(
    browser: Browser, inspected: Inspected
) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected)
        typing = asyncio.Event()

        async def later(route: Route) -> None:
            await typing.wait()
            await asyncio.sleep(0.3)
            await route.continue_()

        await page.route("**/*.js", later)
        await page.goto(f"{inspected.url}/inspect", wait_until="commit")
        typing.set()
        await page.get_by_label("Name contains").fill("img src")

        await expect(page.get_by_role("link", name=FESTIVAL)).to_be_hidden()
        await expect(page.get_by_role("link", name=HOSTILE, exact=True)).to_be_visible()


async def test_news_that_was_asked_for_before_the_filter_does_not_undo_it(
    browser: Browser, inspected: Inspected
) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected)
        asked, filtered = asyncio.Event(), asyncio.Event()

        async def news(route: Route) -> None:
            asked.set()
            await filtered.wait()
            with suppress(Error):  # given up by the page
                await route.continue_()

        await expect(page.get_by_text("live", exact=True)).to_be_visible()
        await page.route(f"{inspected.url}/inspect/rooms", news)
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while not asked.is_set():  # one that comes while another is asked for is dropped
                await page.evaluate("document.body.dispatchEvent(new CustomEvent('longroom:news'))")
                await page.wait_for_timeout(200)
        await page.get_by_label("Name contains").fill("img src")
        await expect(page.get_by_role("link", name=FESTIVAL)).to_be_hidden()
        filtered.set()
        await page.wait_for_timeout(500)

        await expect(page.get_by_role("link", name=FESTIVAL)).to_be_hidden()


async def test_a_new_room_appears_by_itself(browser: Browser, inspected: Inspected) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected)
        await expect(page.get_by_text("live", exact=True)).to_be_visible()

        await festival(inspected.db, room="winter-market")

        await expect(page.get_by_role("link", name="winter-market")).to_be_visible()
