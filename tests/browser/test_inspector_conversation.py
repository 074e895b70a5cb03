"""One conversation's pages in a real browser: scrolled, opened, marked, imported."""

import json
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from retrieval.store.messages import append_messages
from retrieval.wire import ConversationId
from testbed import seeded_rooms
from testbed.browser import DESKTOP, PHONE, accessibility_faults, overflow, visiting
from testbed.seeded_rooms import QUESTION, festival
from tests.support.builders import message
from tests.support.inspected_backend import WORK_MS, Inspected, path, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")

LONG = 3_000
MOST_ENTRIES = 700  # the script's 500, and what is near the screen
LOOKS = [
    pytest.param({"size": DESKTOP}, id="desktop"),
    pytest.param({"size": PHONE, "dark": True}, id="phone, dark"),
    pytest.param({"size": DESKTOP, "dark": True}, id="desktop, dark"),
]
PAGES = ("", "/turns", "/turns/m13", "/search", "/sessions", "/events", "/evidence", "/care")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def long(inspected: Inspected) -> ConversationId:
    return await seeded_rooms.long(inspected.db, messages=LONG)


async def numbers(page: Page) -> list[int]:
    found: list[int] = await page.evaluate(
        "[...document.querySelectorAll('li.message')].map((one) => Number(one.id.slice(2)))"
    )
    return found


async def reach(page: Page, number: int, *, step_px: int) -> None:
    """By scrolling, as a wheel does."""
    for _ in range(400):
        if await page.locator(f"#m-{number}").count():
            return
        assert len(await numbers(page)) <= MOST_ENTRIES
        await page.mouse.wheel(0, step_px)
        await page.wait_for_timeout(20)
    raise AssertionError(f"message {number} was not reached")


async def test_a_long_room_is_scrolled_from_end_to_end_with_few_entries_in_the_page(
    browser: Browser, inspected: Inspected, long: ConversationId
) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected, path(long))
        await expect(page.locator(f"#m-{LONG}")).to_be_in_viewport()
        await page.mouse.move(400, 400)

        await reach(page, 1, step_px=-6000)
        assert await page.locator(f"#m-{LONG}").count() == 0
        await reach(page, LONG, step_px=6000)

        held = await numbers(page)
        assert held == list(range(held[0], LONG + 1))


async def test_what_is_read_stays_in_its_place_while_older_entries_come(
    browser: Browser, inspected: Inspected, long: ConversationId
) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected, path(long))
        await page.goto(inspected.url + path(long, "?at=1500#m-1500"))
        named = page.locator("#m-1500")
        await expect(named).to_be_in_viewport()
        await expect(page.locator("#m-1380")).to_be_attached()

        before = await named.bounding_box()
        await page.mouse.move(400, 400)
        await page.mouse.wheel(0, -5000)
        await expect(page.locator("#m-1300")).to_be_attached()
        await page.wait_for_timeout(300)
        after = await named.bounding_box()

        assert before is not None
        assert after is not None
        assert abs(after["y"] - before["y"] - 5000) < 5


async def test_a_jump_to_a_day_shows_that_day(
    browser: Browser, inspected: Inspected, long: ConversationId
) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected, path(long))
        field = page.get_by_label("Jump to a day, a time or a number")
        await field.fill("2026-03-13")
        await field.press("Enter")

        await page.wait_for_url("**at=2026-03-13**")
        first_of_day = LONG - 9 * 60 - 24 * 60
        await expect(page.locator(f"#m-{first_of_day}")).to_be_in_viewport()


async def test_a_new_message_appears_at_the_end_by_itself(
    browser: Browser, inspected: Inspected
) -> None:
    room = await festival(inspected.db, room="live-room")
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected, path(room))
        await expect(page.get_by_text("live", exact=True)).to_be_visible()

        new = message(900, "a line that was not here").model_copy(
            update={"created_at": seeded_rooms.ASKED_AT.replace(day=28)}
        )
        await append_messages(inspected.db, conversation_id=room, messages=[new])

        await expect(page.get_by_text("a line that was not here")).to_be_in_viewport(
            timeout=WORK_MS
        )
        assert len(set(await numbers(page))) == len(await numbers(page))


@pytest.mark.parametrize("look", LOOKS)
async def test_every_page_is_accessible_and_no_wider_than_the_window(
    browser: Browser, inspected: Inspected, look: dict[str, Any]
) -> None:
    async with visiting(browser, **look) as operator:
        page = operator.page
        await sign_in(page, inspected, path(inspected.festival))
        for one in PAGES:
            await page.goto(inspected.url + path(inspected.festival, one))
            assert await accessibility_faults(page) == [], one
            assert await overflow(page) == 0, one
        await page.goto(f"{inspected.url}/inspect/import")
        assert await accessibility_faults(page) == []
        await page.goto(inspected.url + path(inspected.festival, "/search"))
        await page.get_by_label("Find what answers").fill("where are the lanterns?")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Relevant", exact=True)).to_be_visible()
        assert await accessibility_faults(page) == []
        assert await overflow(page) == 0


async def test_hostile_texts_are_text_on_every_page(browser: Browser, inspected: Inspected) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected, path(inspected.hostile))
        asked = len(seeded_rooms.SCRIPTS) + 1
        for one in (*PAGES[:2], f"/turns/m{asked}", *PAGES[3:]):
            await page.goto(inspected.url + path(inspected.hostile, one))
            assert await page.locator("img[src=x]").count() == 0, one
        assert not operator.watch.dialogs


async def test_a_turns_evidence_is_marked_and_downloaded(
    browser: Browser, inspected: Inspected, tmp_path: Path
) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected, path(inspected.festival, "/turns"))
        await page.get_by_role("link", name=QUESTION).click()
        await expect(page.get_by_text("prefetched")).to_be_visible()
        await expect(page.locator("pre.block")).to_contain_text("behind the blue kayaks")

        await page.get_by_label("answers it").first.check()
        await page.get_by_role("button", name="Mark as evidence").click()
        await page.get_by_role("link", name="All that is marked here").click()
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download this conversation's").click()
        download = await downloading.value
        await download.save_as(tmp_path / "evidence.jsonl")

        lines = [
            json.loads(line)
            for line in (tmp_path / "evidence.jsonl").read_text("utf-8").splitlines()
        ]
        assert lines[-1]["text"] == QUESTION
        assert lines[-1]["evidence"] == ["m4"]
        await page.get_by_role("button", name="Take the mark off").click()
        await expect(page.get_by_text("Nothing is marked yet")).to_be_visible()


async def test_an_export_is_imported_from_a_file(
    browser: Browser, inspected: Inspected, long: ConversationId, tmp_path: Path
) -> None:
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected, path(long, "/care"))
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download all of it").click()
        file = tmp_path / "export.jsonl"
        await (await downloading.value).save_as(file)

        await page.get_by_role("link", name="Import a file").click()
        await page.get_by_label("File", exact=True).set_input_files(file)
        await page.get_by_label("Into the room").fill("imported")
        await page.get_by_role("button", name="Import").click()

        await expect(page.get_by_text(f"Imported: {LONG:,} messages")).to_be_visible(
            timeout=WORK_MS
        )
        await page.get_by_role("link", name="To the conversation").click()
        await expect(page.get_by_role("heading", name="imported")).to_be_visible()
