"""A room's page that is loaded anew while a question is being answered, or afterwards."""

import re
from collections.abc import AsyncIterator
from secrets import token_hex

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from testbed.browser import PATIENCE_MS, visiting
from testbed.livekit_stack import Stack
from testbed.room_page import RoomPage

pytestmark = pytest.mark.asyncio(loop_scope="session")

QUESTION = "How long does the ferry take to the island?"
ANSWER = f"You said: {QUESTION}"


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, stack: Stack) -> AsyncIterator[RoomPage]:
    """Ada's, with the agent there, and the stack as it was afterwards."""
    async with visiting(browser) as person:
        page = RoomPage(person.page, stack.backend_url, f"room-{token_hex(4)}")
        await page.join("ada")
        yield page
        stack.proxy.restore()
        stack.model.flowing.set()
        stack.model.stalls_in = None


async def reload(page: RoomPage) -> None:
    await page.page.reload()
    await page.agent_is_here()


async def is_answered_once(page: RoomPage) -> None:
    await page.has_status(QUESTION, "Answered")
    await expect(page.line("Agent", ANSWER)).to_have_count(1, timeout=PATIENCE_MS)
    await expect(page.line("ada", QUESTION)).to_have_count(1)
    await expect(page.lines).to_have_count(2)


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "not yet stored"])
async def test_a_question_is_there_once_and_its_answer_comes(
    page: RoomPage, stack: Stack, *, stored: bool
) -> None:
    if not stored:
        stack.proxy.cut()
    stack.model.flowing.clear()
    await page.write(QUESTION)
    await page.has_status(QUESTION, "Being answered …")
    if stored:
        await expect_stored(stack, page)

    await reload(page)
    await page.has_status(QUESTION, "Being answered …")
    await expect(page.line("ada", QUESTION)).to_have_count(1)

    stack.proxy.restore()
    stack.model.flowing.set()
    await is_answered_once(page)
    await expect_stored(stack, page, messages=2)
    await reload(page)
    await expect(page.lines).to_have_count(2)


async def test_an_answer_that_had_begun_is_shown_whole_when_it_is_over(
    page: RoomPage, stack: Stack
) -> None:
    stack.model.stalls_in = QUESTION
    await page.write(QUESTION)
    await page.shows("Agent", "You")

    await reload(page)
    stack.model.stalls_in = None

    await is_answered_once(page)


async def test_an_answer_that_ended_while_the_page_was_away_is_its_questions_end(
    page: RoomPage, stack: Stack
) -> None:
    stack.model.flowing.clear()
    await page.write(QUESTION)
    await page.has_status(QUESTION, "Being answered …")
    await page.page.goto("about:blank")
    stack.model.flowing.set()
    await expect_stored(stack, page, messages=2)

    await page.open()
    await page.agent_is_here()

    await is_answered_once(page)


async def test_nothing_says_of_earlier_questions_that_they_were_not_answered(
    page: RoomPage,
) -> None:
    asked = [QUESTION, "And back again?"]
    for text in asked:
        await page.write(text)
        await page.has_status(text, "Answered")

    await reload(page)

    for text in asked:
        await page.shows("ada", text)
        await page.shows("Agent", f"You said: {text}")
        await page.has_status(text, re.compile("^(Answered)?$"))
    await expect(page.lines).to_have_count(4)
    await expect(page.page.get_by_role("button", name="Send again")).to_have_count(0)


async def expect_stored(stack: Stack, page: RoomPage, *, messages: int = 1) -> None:
    room = page.url.rpartition("/")[2]
    conversation = (await stack.backend.create_room(room)).conversation_id
    await stack.stored(conversation, once=lambda found: found.message_count >= messages)
