"""A turn opened to its trace, and a search that explains itself, as the README shows them."""

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from testbed.browser import PHONE, accessibility_faults, visiting
from testbed.seeded_rooms import ASKED_AT, FESTIVAL, QUESTION
from tests.browser.conftest import Picture
from tests.support.inspected_backend import Inspected, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


def base(conversation_id: Any) -> str:
    return f"/inspect/conversations/{conversation_id}"


async def test_a_turn_is_opened_from_the_timeline_to_its_trace_as_pictured(
    browser: Browser, inspected: Inspected, picture: Picture
) -> None:
    async with visiting(browser, timezone_id="UTC", locale="en-GB") as operator:
        page = operator.page
        await page.clock.set_fixed_time(ASKED_AT)
        await sign_in(page, inspected)
        await page.get_by_role("link", name=FESTIVAL).click()
        timeline = page.get_by_label("What happened, oldest first")
        await expect(timeline).to_contain_text("behind the blue kayaks")
        await expect(timeline).to_contain_text("3 hits, 3 shown, 1 cut")
        await picture(page, "inspector-timeline")

        await page.get_by_role("link", name="turn", exact=True).click()
        trace = page.get_by_role("article", name="Turn")
        await expect(trace).to_contain_text(QUESTION)
        await expect(trace.get_by_role("listitem").first).to_contain_text("shown to the model")
        await expect(trace.locator("pre.block")).to_contain_text("behind the blue kayaks")
        await expect(trace.locator("pre.block")).to_contain_text("5ea1f00d")
        await picture(page, "inspector-trace")
        width, height = PHONE
        await page.set_viewport_size({"width": width, "height": height})
        await picture(page, "inspector-trace-phone")


async def test_a_search_is_explained(browser: Browser, inspected: Inspected) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected, f"{base(inspected.festival)}/search")
        await expect(page.get_by_label("Find what answers")).to_be_focused()
        await page.keyboard.type("Where is the boathouse key?")
        await page.keyboard.press("Enter")
        first = page.locator("#results .hit").first
        await expect(first).to_contain_text("hangs at the harbour office")
        await expect(first.locator("dl.bars dt").first).to_be_visible()
        assert await accessibility_faults(page) == []
