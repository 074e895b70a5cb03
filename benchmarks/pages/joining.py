"""Somebody joins a new room on its page and asks at once."""

import time
from dataclasses import dataclass, field
from secrets import token_hex

from playwright.async_api import Browser

from benchmarks.pages.looks import faults_of_all_looks
from testbed.browser import visiting
from testbed.livekit_stack import Stack
from testbed.room_page import RoomPage

QUESTION = "Is somebody there?"


@dataclass
class Joined:
    first_answers_ms: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


async def join(browser: Browser, stack: Stack, *, times: int) -> Joined:
    """The last room is the one that axe looks at. The first one does not count."""
    joined = Joined()
    for number in range(times + 1):
        async with visiting(browser, checked=False) as person:
            room = RoomPage(person.page, stack.backend_url, f"room-{token_hex(4)}")
            await room.open()
            await person.page.get_by_label("Your name").fill("ada")
            await person.page.get_by_role("button", name="Join", exact=True).click()
            await room.text.wait_for()
            began = time.perf_counter()
            await room.write(QUESTION)
            await room.line("Agent", QUESTION).wait_for()
            joined.first_answers_ms.append((time.perf_counter() - began) * 1000)
            if number == times:
                joined.faults = await faults_of_all_looks(person.page)
                await room.page.get_by_role("button", name="Leave").click()
                joined.faults += await faults_of_all_looks(person.page)
            joined.foreign += person.watch.foreign
    del joined.first_answers_ms[0]
    return joined
