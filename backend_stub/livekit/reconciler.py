"""Brings an agent to rooms that have none.

A dispatch was lost, a worker has died, or LiveKit has opened the room anew and knows of no agent.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import aiohttp
from livekit import api

from backend_stub.livekit.dispatches import AgentDispatches, AgentPresence, PresenceState
from retrieval.database.connection import raise_if_cancelled
from retrieval.database.outage import DATABASE_AWAY
from retrieval.store import agent_workers, conversations, opened_rooms
from retrieval.store.agent_workers import LEASE, AgentWorker
from retrieval.wire import ConversationId, conversation_metadata

if TYPE_CHECKING:
    from retrieval.database.connection import Database

ROOMS_AT_ONCE = 8
ROOMS_PER_ROUND = 40
ROUND_TIMEOUT_S = 30
LISTING_SHARE = 0.1  # of the time, at most, that listing all rooms may take
OPENED_ANEW_S = 3.0
"""Whoever opens a room anew sends an agent so soon: perhaps to another conversation."""
CHECK_AGAIN_S: dict[PresenceState, float] = {
    "served": 10.0,
    "coming": 1.0,
    "dispatched": 1.0,
    "orphaned": 1.0,
    "foreign": 30.0,
    "gone": 1.0,
}

logger = logging.getLogger(__name__)


class RoomReconciler:
    """One loop. Of several processes on one database one leads, the others stand by."""

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
        self._check_at: dict[str, float] = {}
        self._workers_in: dict[str, frozenset[str]] = {}
        self._dead: frozenset[str] = frozenset()
        self._list_at = 0.0
        self._leading_since: float | None = None
        self._sids: dict[str, str] = {}
        self._anew_since: dict[str, float] = {}
        self._told = ""

    async def run(self) -> None:
        """Runs until cancelled; failures are retried in the next round."""
        try:
            while True:
                await self._try_round()
                raise_if_cancelled()
                await asyncio.sleep(self._interval_s)
        finally:
            await self._resign()

    async def _try_round(self) -> None:
        try:
            async with asyncio.timeout(ROUND_TIMEOUT_S):
                await self._round()
        except (api.ServerError, aiohttp.ClientError, TimeoutError, OSError) as error:
            self._tell("LiveKit not watched", error)
        except DATABASE_AWAY as error:
            # Workers' reports failed as well: a missing one proves nothing after this.
            self._leading_since = None
            self._tell("rooms not watched", error)
        else:
            self._told = ""

    def _tell(self, failure: str, error: Exception) -> None:
        """Once, until it passes or changes."""
        if failure != self._told:
            logger.warning(failure, extra={"error": type(error).__name__})
        self._told = failure

    async def _round(self) -> None:
        if not await agent_workers.lead(self._db, holder=self._holder):
            self._leading_since = None
            return
        await agent_workers.forget(self._db)
        workers = self._without_doubtful(await agent_workers.workers(self._db))
        await self._list_rooms()
        self._check_rooms_of(frozenset(w.worker_id for w in workers if not w.alive))
        limit = asyncio.Semaphore(ROOMS_AT_ONCE)
        await asyncio.gather(*(self._check(room, workers, limit) for room in self._due_rooms()))

    def _without_doubtful(self, workers: Sequence[AgentWorker]) -> Sequence[AgentWorker]:
        """Count no worker as dead before this process has led for two leases without a gap."""
        now = time.monotonic()
        if self._leading_since is None:
            self._leading_since = now
        if now - self._leading_since < 2 * LEASE.total_seconds():
            return [worker for worker in workers if worker.alive]
        return workers

    async def _list_rooms(self) -> None:
        began_at = time.monotonic()
        if began_at < self._list_at:
            return
        found = await self._server.room.list_rooms(api.ListRoomsRequest())
        took_s = time.monotonic() - began_at
        self._list_at = time.monotonic() + took_s / LISTING_SHARE
        known, self._sids = self._sids, {room.name: room.sid for room in found.rooms}
        names = list(self._sids)
        open_now = set(self._sids.values())
        self._anew_since = {s: at for s, at in self._anew_since.items() if s in open_now}
        self._check_at = {
            name: self._check_at.get(name, 0.0) if known.get(name) == sid else 0.0
            for name, sid in self._sids.items()
        }
        self._workers_in = {n: self._workers_in[n] for n in names if n in self._workers_in}

    def _check_rooms_of(self, dead: frozenset[str]) -> None:
        """Make the rooms of workers that have died since the last round due now."""
        if newly_dead := dead - self._dead:
            for room, workers in self._workers_in.items():
                if workers & newly_dead:
                    self._check_at[room] = 0.0
        self._dead = dead

    def _due_rooms(self) -> Iterable[str]:
        now = time.monotonic()
        due = sorted((at, room) for room, at in self._check_at.items() if at <= now)
        return [room for _, room in due[:ROOMS_PER_ROUND]]

    async def _check(
        self, room: str, workers: Sequence[AgentWorker], limit: asyncio.Semaphore
    ) -> None:
        presence = AgentPresence("coming")
        try:
            async with limit:
                presence = await self._dispatches.ensure(room, workers=workers)
                if presence.state == "orphaned":
                    conversation_id, _ = await conversations.create_room(self._db, name=room)
                    job = await self._job(conversation_id)
                    presence = await self._dispatches.ensure(room, metadata=job, workers=workers)
                if presence.state == "foreign":
                    presence = await self._of_room_opened_anew(room, presence)
        finally:
            self._check_at[room] = time.monotonic() + CHECK_AGAIN_S[presence.state]
            self._workers_in[room] = presence.workers

    async def _of_room_opened_anew(self, room: str, foreign: AgentPresence) -> AgentPresence:
        sid = self._sids[room]
        conversation_id = await opened_rooms.opened_anew(self._db, room, sid=sid)
        if conversation_id is None:
            return foreign
        now = time.monotonic()
        if now - self._anew_since.setdefault(sid, now) < OPENED_ANEW_S:
            return AgentPresence("coming")
        job = await self._job(conversation_id)
        presence = await self._dispatches.ensure(room, metadata=job)
        # Who takes its agent from this one does not get another.
        await opened_rooms.opened(self._db, room, sid=sid)
        return presence

    async def _job(self, conversation_id: ConversationId) -> str:
        """Metadata for a room whose dispatches LiveKit has forgotten."""
        key = await conversations.key_of(self._db, conversation_id)
        return conversation_metadata(conversation_id, key)

    async def _resign(self) -> None:
        try:
            async with asyncio.timeout(1):
                await agent_workers.resign(self._db, holder=self._holder)
        except DATABASE_AWAY:
            logger.info("another process will watch in a moment")
