"""Chromium without a window, which writes down what a page of ours must never do."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    async_playwright,
)

OPTIONS: Final = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--allow-loopback-in-peer-connection",  # there may be no other network
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
DESKTOP: Final = (1280, 800)
PHONE: Final = (390, 844)
PATIENCE_MS: Final = 30_000
REPORT_VIOLATIONS: Final = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`violates ${event.violatedDirective}: ${event.blockedURI}`);
});
"""


def find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if (found := shutil.which(name))), None)


@dataclass
class Watch:
    """What the pages of one person did. Hosts are those that no page of ours may ask."""

    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Of the console, with violations of the content security policy, and exceptions."""
    dialogs: list[str] = field(default_factory=list)

    async def forgive(self, *parts: str) -> None:
        """Drop the errors that a test brings about, when all have come; each part must be in one.
        A console tells of them some time after the page has got the response.
        """
        for part in parts:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_MS / 1000):
                    while not any(part in error for error in self.errors):  # noqa: ASYNC110  # it tells nobody
                        await asyncio.sleep(0.02)
            assert any(part in error for error in self.errors), (part, self.errors)
        self.errors = [one for one in self.errors if not any(part in one for part in parts)]

    def assert_clean(self) -> None:
        assert (self.foreign, self.errors, self.dialogs) == ([], [], [])

    def follow(self, context: BrowserContext) -> None:
        context.on("request", self._on_request)
        context.on("page", lambda page: page.on("websocket", lambda socket: self._ask(socket.url)))
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("console", self._on_console)
        context.on("dialog", lambda dialog: self.dialogs.append(dialog.message))

    def _on_console(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.errors.append(f"{said.text} ({said.location['url']})")

    def _on_request(self, request: Request) -> None:
        self._ask(request.url)

    def _ask(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob", "about") and parts.hostname != "127.0.0.1":
            self.foreign.append(url)


@dataclass
class Person:
    """A browser's window of their own: cookies, storage and pages."""

    context: BrowserContext
    page: Page
    watch: Watch


@asynccontextmanager
async def chromium(
    *, microphone: Path | None = None, silent: bool = False
) -> AsyncIterator[Browser]:
    """One process. Its microphone, once it is opened, hears a WAV file, and then silence.

    Without a file the microphone beeps. `silent`: no page plays a sound before somebody has pressed
    something on it. Belongs to the event loop that it was opened in.
    """
    program = find_chromium()
    assert program is not None
    heard = [f"--use-file-for-fake-audio-capture={microphone}%noloop"] if microphone else []
    autoplay = ["--autoplay-policy=user-gesture-required"] if silent else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program, args=[*OPTIONS, *heard, *autoplay], chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visiting(
    browser: Browser,
    *,
    size: tuple[int, int] = DESKTOP,
    dark: bool = False,
    checked: bool = True,
    **options: Any,
) -> AsyncIterator[Person]:
    """A new person, who at the end has asked no other host, and whose console holds no error.

    Not `checked`, it is left to the caller; nor if the body fails, whose own error says more.
    `options` are those of the context.
    """
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        permissions=["microphone"],
        reduced_motion="reduce",  # else axe may see a colour on its way to another
        **options,
    )
    try:
        context.set_default_timeout(PATIENCE_MS)
        await context.add_init_script(REPORT_VIOLATIONS)
        watch = Watch()
        watch.follow(context)
        yield Person(context, await context.new_page(), watch)
        if checked:
            watch.assert_clean()
    finally:
        await context.close()


async def accessibility_faults(page: Page) -> list[str]:
    """What axe finds: each rule with the elements that break it."""
    await page.evaluate(_axe())
    found: dict[str, Any] = await page.evaluate("axe.run()")
    return [
        f"{fault['id']}: {node['html']} ({node['failureSummary']})"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


async def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    width: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return max(width, 0)


@cache
def _axe() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
