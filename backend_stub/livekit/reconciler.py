"""Brings an agent to rooms that have none: whose dispatch was lost, or whose worker has died."""

import asyncio
import logging
import secrets
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import aiohttp
import asyncpg
from livekit import api

from backend_stub.livekit.dispatches import AgentDispatches, AgentPresence, Standing
from retrieval.store import agent_workers as fleet
from retrieval.store.agent_workers import LEASE, AgentWorker

if TYPE_CHECKING:
    from retrieval.database.connection import Database

ROOMS_AT_ONCE = 8
ROOMS_PER_ROUND = 40
LISTING_SHARE = 0.1  # of the time, at most, that listing all rooms may take
AGAIN_AFTER_S: dict[Standing, float] = {
    "served": 10.0,
    "coming": 1.0,
    "dispatched": 1.0,
    "foreign": 30.0,
    "gone": 1.0,
}

logger = logging.getLogger(__name__)


class RoomReconciler:
    """One loop. Of several processes on one database, one watches and the others stand by."""

    def __init__(
        self,
        db: "Database",
        server: api.LiveKitAPI,
        dispatches: AgentDispatches,
        *,
        interval_s: float,
    ) -> None:
        self._db = db
        self._server = server
        self._dispatches = dispatches
        self._interval_s = interval_s
        self._holder = secrets.token_hex(8)
        self._due: dict[str, float] = {}
        self._workers_in: dict[str, frozenset[str]] = {}
        self._dead: frozenset[str] = frozenset()
        self._list_at = 0.0
        self._steady_since: float | None = None

    async def run(self) -> None:
        """Watch until cancelled; what fails is tried again in the next round."""
        try:
            while True:
                await self._guarded_round()
                await asyncio.sleep(self._interval_s)
        finally:
            await self._resign()

    async def _guarded_round(self) -> None:
        try:
            async with asyncio.timeout(30):
                await self._round()
        except (api.ServerError, aiohttp.ClientError, TimeoutError, OSError) as error:
            logger.warning("LiveKit not watched", extra={"error": type(error).__name__})
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # Reports were not written either: after this nobody is dead for want of one.
            self._steady_since = None
            logger.warning("rooms not watched", extra={"error": type(error).__name__})

    async def _round(self) -> None:
        if not await fleet.lead(self._db, holder=self._holder):
            self._steady_since = None
            return
        await fleet.forget(self._db)
        workers = self._judged(await fleet.workers(self._db))
        await self._list_rooms()
        self._hurry(frozenset(worker.worker_id for worker in workers if not worker.alive))
        limit = asyncio.Semaphore(ROOMS_AT_ONCE)
        await asyncio.gather(*(self._look(room, workers, limit) for room in self._next_rooms()))

    def _judged(self, workers: Sequence[AgentWorker]) -> Sequence[AgentWorker]:
        """Nobody is dead until this has watched, without a gap, for longer than a lease."""
        now = time.monotonic()
        if self._steady_since is None:
            self._steady_since = now
        if now - self._steady_since < 2 * LEASE.total_seconds():
            return [worker for worker in workers if worker.alive]
        return workers

    async def _list_rooms(self) -> None:
        began_at = time.monotonic()
        if began_at < self._list_at:
            return
        found = await self._server.room.list_rooms(api.ListRoomsRequest())
        took_s = time.monotonic() - began_at
        self._list_at = time.monotonic() + took_s / LISTING_SHARE
        names = [room.name for room in found.rooms]
        self._due = {name: self._due.get(name, 0.0) for name in names}
        self._workers_in = {n: self._workers_in[n] for n in names if n in self._workers_in}

    def _hurry(self, dead: frozenset[str]) -> None:
        """Rooms of a worker that has just died are looked at now."""
        if fresh := dead - self._dead:
            for room, workers in self._workers_in.items():
                if workers & fresh:
                    self._due[room] = 0.0
        self._dead = dead

    def _next_rooms(self) -> Iterable[str]:
        now = time.monotonic()
        due = sorted((at, room) for room, at in self._due.items() if at <= now)
        return [room for _, room in due[:ROOMS_PER_ROUND]]

    async def _look(
        self, room: str, workers: Sequence[AgentWorker], limit: asyncio.Semaphore
    ) -> None:
        found = AgentPresence("coming")
        try:
            async with limit:
                found = await self._dispatches.ensure(room, workers=workers)
        finally:
            self._due[room] = time.monotonic() + AGAIN_AFTER_S[found.standing]
            self._workers_in[room] = found.workers

    async def _resign(self) -> None:
        try:
            async with asyncio.timeout(1):
                await fleet.resign(self._db, holder=self._holder)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, OSError):
            logger.info("another process will watch in a moment")
