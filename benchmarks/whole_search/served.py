"""A backend that serves, who asks it, and the processor time that this costs."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import aiohttp

from benchmarks.cpu_clock import CpuClock, process_ms
from benchmarks.whole_search.rooms import Room
from testbed.backend_process import BackendProcess

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

SMALL_TALK = "thank you"


@dataclass(frozen=True)
class Spent:
    """Milliseconds."""

    wall: float
    backend: float
    database: float

    @property
    def processor(self) -> float:
        return self.backend + self.database


@dataclass
class Served:
    """One backend without its embedding worker: what is asked of it is all that it does."""

    session: aiohttp.ClientSession
    db: "asyncpg.Pool[Record]"
    pid: int
    connections: CpuClock

    async def search(self, room: Room, text: str) -> Mapping[str, Any]:
        path = f"/api/v1/conversations/{room.conversation_id}/search"
        async with self.session.post(path, json={"query": text}) as response:
            found: Mapping[str, Any] = await response.json()
            assert response.status == 200, found
            return found

    async def health(self) -> None:
        async with self.session.get("/healthz") as response:
            assert response.status == 200
            await response.read()

    async def count_connections(self) -> None:
        """Call when all are open: a connection that is opened later is not counted."""
        self.connections = await CpuClock.of(self.db)

    def now(self) -> Spent:
        """To be subtracted from a later one."""
        return Spent(
            time.perf_counter() * 1000, process_ms(self.pid), self.connections.database_ms()
        )

    def since(self, start: Spent) -> Spent:
        now = self.now()
        return Spent(
            now.wall - start.wall, now.backend - start.backend, now.database - start.database
        )


@asynccontextmanager
async def served(
    url: str,
    db: "asyncpg.Pool[Record]",
    *,
    program: Sequence[str] = ("backend_stub",),
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Served]:
    own = {"DATABASE_URL": url, "BACKEND_EMBEDDING_WORKER": "false"}
    with BackendProcess({**own, **settings}, program=program) as backend:
        base = backend.url()
        async with aiohttp.ClientSession(
            base, connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=300)
        ) as session:
            yield Served(session, db, backend.process.pid, await CpuClock.of(db))
        backend.stop()
