"""Erasing from a conversation's pages in a real browser."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from retrieval.wire import ErasureReceipt
from testbed.browser import visiting
from testbed.seeded_rooms import ANSWER, QUESTION, festival
from tests.support.inspected_backend import WORK_MS, Inspected, path, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_one_message_is_erased_from_where_it_is_read(
    browser: Browser, inspected: Inspected
) -> None:
    room = await festival(inspected.db, room="one to be erased")
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected, path(room))
        link = page.get_by_role("link", name="m4", exact=True)
        said = await page.get_by_role("listitem").filter(has=link).locator(".text").inner_text()
        await link.click()
        form = page.get_by_role("form", name="Erase a message")
        await expect(form.get_by_label("A message, by its id")).to_have_value("m4")
        await form.get_by_role("button").click()
        await page.get_by_label("To erase it, type").fill("m4")
        await page.get_by_role("button", name="Erase for good").click()
        await expect(page.get_by_text("Receipt: erased")).to_be_visible(timeout=WORK_MS)

        await page.goto(inspected.url + path(room))
        await expect(page.get_by_role("listitem").filter(has_text=QUESTION)).to_be_visible()
        await expect(page.get_by_text(said)).to_have_count(0)


async def test_a_conversation_is_erased_by_the_keyboard_when_its_name_is_typed_in(
    browser: Browser, inspected: Inspected, tmp_path: Path
) -> None:
    room = await festival(inspected.db, room="to be erased")
    async with visiting(browser) as operator:
        page = operator.page
        await sign_in(page, inspected, path(room, "/care"))
        form = page.get_by_role("form", name="Erase the conversation")
        await form.get_by_role("button").press("Enter")
        await expect(page.get_by_text("This would be erased")).to_be_visible(timeout=WORK_MS)

        field = page.get_by_label("To erase it, type")
        await field.fill("something else")
        await field.press("Enter")
        await expect(page.get_by_role("alert")).to_be_visible()
        await form.get_by_role("button").press("Enter")
        await field.fill("to be erased")
        await field.press("Enter")

        await expect(page.get_by_text("Receipt: erased")).to_be_visible(timeout=WORK_MS)
        assert ANSWER not in await page.content()
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download the receipt").click()
        await (await downloading.value).save_as(tmp_path / "receipt.json")
        receipt = ErasureReceipt.model_validate_json((tmp_path / "receipt.json").read_bytes())
        assert (receipt.complete, receipt.conversations) == (True, [room])
        assert await page.get_by_text(str(receipt.erasure_id)).is_visible()
        gone = await page.goto(inspected.url + path(room))
        assert gone is not None
        assert gone.status == 410
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await operator.watch.forgive("422", "410")
