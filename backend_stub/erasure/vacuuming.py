"""Vacuums after erasures, in the background and not after each of them."""

import asyncio
import logging
from typing import TYPE_CHECKING

from retrieval.changes.erasure.vacuum import vacuum

if TYPE_CHECKING:
    import asyncpg

logger = logging.getLogger(__name__)


class Vacuuming:
    """`after_s` after an erasure, with all that were made meanwhile."""

    def __init__(self, after_s: float) -> None:
        self._after_s = after_s
        self._erased = asyncio.Event()

    def erased(self) -> None:
        self._erased.set()

    async def run(self, db: "asyncpg.Pool[asyncpg.Record]") -> None:
        """As the tables' owner. An erasure during a vacuum starts another one."""
        while True:
            await self._erased.wait()
            await asyncio.sleep(self._after_s)
            self._erased.clear()
            async with db.acquire() as connection:
                await vacuum(connection)
            logger.info("vacuumed after erasures")
