"""Holds searches back while a text still grows."""

import asyncio
import time
from collections.abc import Callable, Collection

from agent.recall.query import Asker
from agent.recall.search_task import SearchTask


class Debouncer:
    """Holds one text per asker; a newer one replaces it. A slow backend is asked less often."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._waiting: dict[Asker, asyncio.Task[None]] = {}

    def schedule(
        self, asker: Asker, begin: Callable[[], None], *, earlier: Collection[SearchTask]
    ) -> None:
        """Call `begin` when none of `earlier` runs and the last began `interval_s` ago."""
        self.cancel(asker)
        self._waiting[asker] = asyncio.create_task(self._begin_after(earlier, begin))

    def cancel(self, asker: Asker) -> None:
        if (waiting := self._waiting.pop(asker, None)) is not None:
            waiting.cancel()

    async def aclose(self) -> None:
        waiting = list(self._waiting.values())
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _begin_after(
        self, earlier: Collection[SearchTask], begin: Callable[[], None]
    ) -> None:
        if running := {search.task for search in earlier if not search.task.done()}:
            await asyncio.wait(running)
        if earlier:
            newest = max(search.started_at for search in earlier)
            await asyncio.sleep(max(0.0, newest + self._interval_s - time.perf_counter()))
        begin()
