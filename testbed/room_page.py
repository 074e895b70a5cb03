"""Somebody on a room's page, who does what people do there."""

import re
from typing import Final
from urllib.parse import quote

from playwright.async_api import Locator, Page, expect

from testbed.browser import PATIENCE_MS

AGENT_IS_HERE: Final = re.compile("^agent (here|thinks|answers)")


class RoomPage:
    def __init__(self, page: Page, backend_url: str, room: str) -> None:
        self.page = page
        self.url = f"{backend_url}/room/{quote(room, safe='')}"

    @property
    def presence(self) -> Locator:
        """Who is here, and how the connection is."""
        return self.page.locator("#presence")

    @property
    def lines(self) -> Locator:
        """What was said, with who said it and how a question fares."""
        return self.page.get_by_role("list", name="Messages").get_by_role("listitem")

    @property
    def text(self) -> Locator:
        return self.page.get_by_label("Message", exact=True)

    def line(self, who: str, text: str) -> Locator:
        name = self.page.get_by_text(who, exact=True)
        words = self.page.get_by_text(text)
        return self.lines.filter(has=name).filter(has=words)

    async def open(self) -> None:
        await self.page.goto(self.url)

    async def join(self, name: str) -> None:
        """Open the page, and return once the agent is there."""
        await self.open()
        await self.page.get_by_label("Your name").fill(name)
        await self.page.get_by_role("button", name="Join", exact=True).click()
        await self.agent_is_here()

    async def agent_is_here(self) -> None:
        await expect(self.presence).to_have_text(AGENT_IS_HERE, timeout=PATIENCE_MS)

    async def write(self, text: str) -> None:
        await self.text.fill(text)
        await self.text.press("Enter")

    async def shows(self, who: str, text: str) -> None:
        await expect(self.line(who, text).first).to_be_visible(timeout=PATIENCE_MS)

    async def has_status(self, text: str, status: str | re.Pattern[str]) -> None:
        """Of the question with this text."""
        question = self.lines.filter(has=self.page.get_by_text(text, exact=True)).last
        await expect(question.locator(".status")).to_have_text(status, timeout=PATIENCE_MS)
