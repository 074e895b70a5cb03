"""News for open pages: one look at the database tells all of this process's watchers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID

from backend_stub.background import BackgroundTask, stop
from retrieval.store import news

if TYPE_CHECKING:
    from retrieval.database.connection import Database

LOOK_S: Final = 2.0
MOST_WATCHERS: Final = 100
"""Open streams of a process: each has a connection, and a look at its session every few seconds."""


class Watcher:
    """Of all rooms, or of one conversation. `changed` is set when there is news."""

    def __init__(self, conversation_id: UUID | None) -> None:
        self.conversation_id = conversation_id
        self.changed = asyncio.Event()
        self._mark: str | None = None

    def tell(self, mark: str) -> None:
        """The first mark is news: what has changed since the page was drawn is not known."""
        if mark != self._mark:
            self.changed.set()
        self._mark = mark


class Live:
    def __init__(self, db: "Database", *, look_s: float = LOOK_S) -> None:
        self._db = db
        self._look_s = look_s
        self._watchers: set[Watcher] = set()
        self._watched = asyncio.Event()
        self.ending = asyncio.Event()
        """Set when the process ends: streams end then."""

    @property
    def full(self) -> bool:
        return len(self._watchers) >= MOST_WATCHERS

    def watch(self, conversation_id: UUID | None) -> Watcher:
        """Until `leave`."""
        watcher = Watcher(conversation_id)
        self._watchers.add(watcher)
        self._watched.set()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        self._watchers.discard(watcher)
        if not self._watchers:
            self._watched.clear()

    async def run(self) -> None:
        """Looks at nothing while nobody watches."""
        while True:
            await self._watched.wait()
            await self._look()
            await asyncio.sleep(self._look_s)

    async def _look(self) -> None:
        watchers = list(self._watchers)
        of_all = [watcher for watcher in watchers if watcher.conversation_id is None]
        if of_all:
            mark = await news.mark_of_all(self._db)
            for watcher in of_all:
                watcher.tell(mark)
        wanted = {one.conversation_id for one in watchers if one.conversation_id is not None}
        marks = await news.marks_of(self._db, sorted(wanted))
        for watcher in watchers:
            if watcher.conversation_id is not None:
                watcher.tell(marks.get(watcher.conversation_id, "gone"))


@asynccontextmanager
async def looking(
    db: "Database", *, ending: asyncio.Event, on_restart: Callable[[str], None]
) -> AsyncIterator[Live]:
    live = Live(db)
    live.ending = ending
    task = BackgroundTask("news for open pages", live.run, on_restart=on_restart)
    try:
        yield live
    finally:
        await stop([task], cut_off=lambda: None)
