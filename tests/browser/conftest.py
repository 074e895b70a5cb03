"""One Chromium for each file, and backends with something to look at."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from testbed import seeded_rooms
from testbed.backend_process import running_backend
from testbed.browser import chromium, find_chromium
from tests.support.inspected_backend import SERVICE_KEY, Inspected, pool_of

IMAGES = Path(__file__).parents[2] / "docs" / "images"

Picture = Callable[[Page, str], Awaitable[None]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots", action="store_true", help="write the pictures of docs/images anew"
    )


@pytest.fixture
def picture(pytestconfig: pytest.Config, tmp_path: Path) -> Picture:
    """Takes one of what the window shows, by name."""
    folder = IMAGES if pytestconfig.getoption("screenshots", default=False) else tmp_path

    async def take(page: Page, name: str) -> None:
        await page.screenshot(path=folder / f"{name}.png", animations="disabled", caret="hide")

    return take


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if find_chromium() is None:
        pytest.skip("needs Chromium")
    async with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def inspected_backend(database: str) -> Iterator[tuple[str, str]]:
    """Its address, and its database's."""
    env = {"DATABASE_URL": database, "BACKEND_SERVICE_KEY": SERVICE_KEY}
    with running_backend(env, forked=True) as url:
        yield url, database


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inspected(
    browser: Browser, inspected_backend: tuple[str, str]
) -> AsyncIterator[Inspected]:
    url, database = inspected_backend
    async with pool_of(database) as db:
        yield Inspected(url, db, await seeded_rooms.festival(db), await seeded_rooms.hostile(db))
