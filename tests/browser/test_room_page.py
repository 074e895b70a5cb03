"""A room in the browser: people who type, an agent that answers, and what may go wrong."""

import asyncio
from secrets import token_hex
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from testbed.browser import (
    DESKTOP,
    PATIENCE_MS,
    PHONE,
    accessibility_faults,
    overflow,
    visiting,
)
from testbed.livekit_stack import Stack, kill_agent
from testbed.room_page import RoomPage
from testbed.seeded_rooms import ATTACKER, QUESTION, SCRIPTS, festival
from tests.browser.conftest import Picture
from tests.support.inspected_backend import pool_of

pytestmark = pytest.mark.asyncio(loop_scope="session")


def new_room() -> str:
    return f"room-{token_hex(4)}"


async def test_two_people_type_see_each_other_and_find_it_all_again_after_a_reload(
    browser: Browser, stack: Stack
) -> None:
    room = new_room()
    async with visiting(browser) as first, visiting(browser) as second:
        ada = RoomPage(first.page, stack.backend_url, room)
        ben = RoomPage(second.page, stack.backend_url, room)
        await ada.join("ada")
        await ben.join("ben")
        await expect(ada.presence).to_contain_text("with ben")
        await expect(ben.presence).to_contain_text("with ada")

        await ada.write("The keys are under the mat.")
        await ada.has_status("The keys are under the mat.", "Answered")
        await ben.shows("ada", "The keys are under the mat.")
        await ben.shows("Agent", "You said: The keys are under the mat.")
        assert await ben.line("ada", "The keys are under the mat.").count() == 1

        await stack.backend.create_room(room)
        await ada.page.reload()
        await ada.agent_is_here()
        await ada.shows("ada", "The keys are under the mat.")
        await ada.shows("Agent", "You said: The keys are under the mat.")
        await ada.write("And again.")
        await ben.shows("ada", "And again.")
        await ada.has_status("And again.", "Answered")

        await ada.page.get_by_role("button", name="Leave").click()
        await expect(ben.presence).to_contain_text("nobody else here")
        await expect(ada.page.get_by_role("button", name="Join again as ada")).to_be_focused()


async def test_a_question_tells_how_it_fares(browser: Browser, stack: Stack) -> None:
    async with visiting(browser) as person:
        page = RoomPage(person.page, stack.backend_url, new_room())
        await page.join("ada")
        stack.model.flowing.clear()
        await page.write("Take your time.")
        await page.has_status("Take your time.", "Being answered …")
        stack.model.flowing.set()
        await page.has_status("Take your time.", "Answered")

        stack.model.busy_for = "Nobody has time for this."
        await page.write("Nobody has time for this.")
        await page.has_status(
            "Nobody has time for this.",
            "Not answered: the language model gets too many requests at the moment Send again",
        )
        stack.model.busy_for = None
        await page.page.get_by_role("button", name="Send again").click()
        await page.has_status("Nobody has time for this.", "Answered")


async def test_an_agent_that_is_killed_comes_back_and_answers_what_was_asked_meanwhile(
    browser: Browser, stack: Stack
) -> None:
    room = new_room()
    async with visiting(browser) as person:
        page = RoomPage(person.page, stack.backend_url, room)
        await page.join("ada")
        await page.write("The first one.")
        await page.has_status("The first one.", "Answered")
        await asyncio.to_thread(kill_agent, stack.worker, room)
        await page.write("Are you still there?")

        await page.has_status("Are you still there?", "Answered")
        await page.shows("Agent", "You said: Are you still there?")
        await expect(page.line("ada", "Are you still there?")).to_have_count(1)


async def test_what_is_recalled_is_shown(browser: Browser, stack: Stack) -> None:
    room = new_room()
    async with pool_of(stack.database_url) as db:
        await festival(db, room=room)
    async with visiting(browser) as person:
        page = RoomPage(person.page, stack.backend_url, room)
        await page.join("dora")
        await page.shows("chloe", QUESTION)

        await page.write("How many paper lanterns did we say we need?")

        recall = page.page.locator("#recall")
        await expect(recall).to_contain_text("Recalled for dora", timeout=PATIENCE_MS)
        await recall.locator("summary").click()
        await expect(recall).to_contain_text("We need forty paper lanterns.")


async def test_names_and_texts_that_are_scripts_stay_text(browser: Browser, stack: Stack) -> None:
    room = f"<img src=x onerror=alert(1)> {token_hex(4)}"
    name = ATTACKER[:80]
    async with visiting(browser) as first, visiting(browser) as second:
        eve = RoomPage(first.page, stack.backend_url, room)
        ben = RoomPage(second.page, stack.backend_url, room)
        await eve.join(name)
        await ben.join("ben")
        await expect(ben.presence).to_contain_text(f"with {name}")
        for text in SCRIPTS:
            await eve.write(text)
        await eve.has_status(SCRIPTS[-2], "Answered")

        for person in (eve, ben):
            for text in SCRIPTS[:-1]:
                await person.shows(name, text)
            await expect(person.page.get_by_role("heading", level=1)).to_have_text(room)
            elements = person.page.locator("#transcript :is(script, img, svg, b, a)")
            assert await elements.count() == 0


@pytest.mark.parametrize(
    "look",
    [
        pytest.param({"size": DESKTOP}, id="desktop"),
        pytest.param({"size": PHONE, "dark": True}, id="phone, dark"),
    ],
)
async def test_the_page_is_accessible_no_wider_than_the_window_and_used_by_keys_alone(
    browser: Browser, stack: Stack, look: dict[str, Any]
) -> None:
    async with visiting(browser, **look) as person:
        room = RoomPage(person.page, stack.backend_url, new_room())
        page = room.page
        await room.open()
        await expect(page.get_by_label("Your name")).to_be_focused()
        assert await accessibility_faults(page) == []

        await page.keyboard.type("ada")
        await page.keyboard.press("Enter")
        await room.agent_is_here()
        await expect(room.text).to_be_focused()
        await page.keyboard.type("One line")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("and another")
        await page.keyboard.press("Enter")
        await room.has_status("One line\nand another", "Answered")
        await room.shows("Agent", "You said: One line and another")
        await expect(room.text).to_be_focused()
        assert await accessibility_faults(page) == []
        assert await overflow(page) == 0

        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Microphone")).to_be_focused()
        await page.keyboard.press("Space")
        await expect(page.get_by_role("button", name="Microphone")).to_have_attribute(
            "aria-pressed", "true"
        )
        assert await accessibility_faults(page) == []
        for _ in range(12):
            if await page.get_by_role("button", name="Leave").evaluate(
                "it => it === document.activeElement"
            ):
                break
            await page.keyboard.press("Shift+Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Join again as ada")).to_be_focused()
        assert await accessibility_faults(page) == []


async def test_a_talk_with_an_agent_is_as_pictured(
    browser: Browser, stack: Stack, picture: Picture
) -> None:
    room = f"harbour-festival-{token_hex(2)}"
    async with pool_of(stack.database_url) as db:
        await festival(db, room=room)
    stack.model.reply = lambda _: "Forty: chloe has thirty in her cellar, her aunt lends ten."
    try:
        async with visiting(browser, timezone_id="UTC", locale="en-GB") as person:
            page = RoomPage(person.page, stack.backend_url, room)
            await page.join("dora")
            await page.shows("Agent", "Welcome back!")
            await page.write("And how many lanterns do we have?")
            await page.has_status("And how many lanterns do we have?", "Answered")
            await page.page.locator("h1").evaluate("it => it.textContent = 'harbour-festival'")
            await picture(page.page, "room-page")
            width, height = PHONE
            await page.page.set_viewport_size({"width": width, "height": height})
            await page.page.emulate_media(color_scheme="dark")
            await picture(page.page, "room-page-phone")
    finally:
        stack.model.reply = lambda prompt: f"You said: {prompt.question}"
