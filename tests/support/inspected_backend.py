"""A backend whose rooms are inspected, and the way in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
from playwright.async_api import Page, expect

from retrieval.database.pool import connect
from retrieval.wire import ConversationId

SERVICE_KEY = "a service key for tests in a browser"
WORK_MS = 60_000
"""For what an import or an erasure takes on a busy machine."""


@dataclass(frozen=True)
class Inspected:
    """It has SERVICE_KEY and rooms; `db` is its database."""

    url: str
    db: asyncpg.Pool
    festival: ConversationId
    hostile: ConversationId


def path(conversation_id: ConversationId, page: str = "") -> str:
    """Of a conversation's pages."""
    return f"/inspect/conversations/{conversation_id}{page}"


async def sign_in(page: Page, backend: Inspected, path: str = "/inspect") -> None:
    """By the keyboard alone."""
    await page.goto(f"{backend.url}{path}")
    await expect(page.get_by_label("Key")).to_be_focused()
    await page.keyboard.type(SERVICE_KEY)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


@asynccontextmanager
async def pool_of(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await connect(database_url, pool_size=2)
    try:
        yield pool
    finally:
        await pool.close()
