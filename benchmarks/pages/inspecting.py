"""An operator opens a long room, and a turn of another one."""

import time
from dataclasses import dataclass, field

from playwright.async_api import Browser, Page

from benchmarks.pages.looks import faults_of_all_looks
from benchmarks.pages.scrolling import Scrolled, scroll_up
from retrieval.database.pool import connect
from testbed.browser import visiting
from testbed.seeded_rooms import festival, long

SCREENS = 50
FIRST_PAINT = """
new Promise((resolve) => new PerformanceObserver((list) => {
  const first = list.getEntries().find((entry) => entry.name === "first-contentful-paint");
  if (first) resolve(first.startTime);
}).observe({ type: "paint", buffered: true }))
"""


@dataclass
class Inspected:
    first_paints_ms: list[float] = field(default_factory=list)
    traces_ms: list[float] = field(default_factory=list)
    scrolled: list[Scrolled] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)


async def inspect(
    browser: Browser, backend_url: str, database_url: str, *, messages: int, times: int
) -> Inspected:
    """The backend is open: nobody signs in. One visit before those that count fills the cache."""
    db = await connect(database_url, pool_size=2)
    try:
        long_one = await long(db, messages=messages)
        small_one = await festival(db)
    finally:
        await db.close()
    inspected = Inspected()
    pages = f"{backend_url}/inspect/conversations"
    async with visiting(browser, checked=False) as operator:
        page = operator.page
        for _ in range(times + 1):
            inspected.first_paints_ms.append(await _first_paint_ms(page, f"{pages}/{long_one}"))
            inspected.scrolled.append(await scroll_up(page, screens=SCREENS))
            inspected.traces_ms.append(await _trace_ms(page, f"{pages}/{small_one}"))
        for path in (
            "",
            f"/conversations/{long_one}",
            f"/conversations/{small_one}/turns/m13",
            f"/conversations/{small_one}/search",
        ):
            await page.goto(f"{backend_url}/inspect{path}")
            inspected.faults += await faults_of_all_looks(page)
        inspected.foreign = operator.watch.foreign
    del inspected.first_paints_ms[0], inspected.traces_ms[0], inspected.scrolled[0]
    return inspected


async def _first_paint_ms(page: Page, url: str) -> float:
    await page.goto(url)
    await page.get_by_text("Report ").last.wait_for()
    painted_ms: float = await page.evaluate(FIRST_PAINT)
    return painted_ms


async def _trace_ms(page: Page, url: str) -> float:
    await page.goto(url)
    turn = page.get_by_role("link", name="turn", exact=True)
    await turn.wait_for()
    began = time.perf_counter()
    await turn.click()
    await page.locator("pre.block").wait_for()
    return (time.perf_counter() - began) * 1000
