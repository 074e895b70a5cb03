"""A backend that serves, who asks it, and the processor time that this costs."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp

from benchmarks.cpu_clock import CpuClock, process_ms
from benchmarks.whole_search.rooms import Room
from retrieval.wire import ConversationId
from testbed.backend_process import BackendProcess

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Record

SMALL_TALK = "thank you"

ROOM_MEMORY = "BACKEND_ROOM_MEMORY_MB"
IN_MEMORY: Mapping[str, str] = MappingProxyType({ROOM_MEMORY: "1024"})
STORED: Mapping[str, str] = MappingProxyType({ROOM_MEMORY: "0"})
"""Each search reads from PostgreSQL all that it needs."""

IDLE_AFTER_S = 0.01
"""So long after an answer its clock is read: the kernel counts what a thread took when it stops, or
every few milliseconds, and would leave out the end of a search or all of a health check.
"""
REUSED_WITHIN_S = 2.0
"""The backend closes a connection that is idle for 5 s, maybe while a request is on its way."""


@dataclass(frozen=True)
class Spent:
    """Milliseconds."""

    wall: float
    backend: float
    database: float

    @property
    def processor(self) -> float:
        return self.backend + self.database


class Asked(Protocol):
    async def search(self, room: Room, text: str) -> Mapping[str, Any]: ...

    def now(self) -> Spent:
        """To be subtracted from a later one."""
        ...

    def since(self, start: Spent) -> Spent: ...


@dataclass
class Served:
    """One backend. Its connections are those of all backends of the database: ask one at a time."""

    session: aiohttp.ClientSession
    db: "asyncpg.Pool[Record]"
    pid: int
    connections: CpuClock

    async def search(self, room: Room, text: str) -> Mapping[str, Any]:
        return await self.ask(room.conversation_id, {"query": text})

    async def ask(
        self, conversation_id: ConversationId, request: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        return await self.send("POST", f"/conversations/{conversation_id}/search", request)

    async def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """`path` begins behind the API's version."""
        async with self.session.request(method, f"/api/v1{path}", json=body) as response:
            told: Mapping[str, Any] = await response.json()
            assert response.status == 200, told
            return told

    async def health(self) -> None:
        async with self.session.get("/healthz") as response:
            assert response.status == 200
            await response.read()

    async def metrics(self) -> str:
        async with self.session.get("/metrics") as response:
            assert response.status == 200
            return await response.text()

    async def count_connections(self) -> None:
        """Call when all are open: a connection that is opened later is not counted."""
        self.connections = await CpuClock.of(self.db)

    def now(self) -> Spent:
        return Spent(
            time.perf_counter() * 1000, process_ms(self.pid), self.connections.database_ms()
        )

    def since(self, start: Spent) -> Spent:
        now = self.now()
        return Spent(
            now.wall - start.wall, now.backend - start.backend, now.database - start.database
        )

    async def spent(self, ask: Awaitable[object]) -> Spent:
        """On that alone: nothing else may be asked meanwhile."""
        start = self.now()
        await ask
        wall = self.since(start).wall
        await asyncio.sleep(IDLE_AFTER_S)
        return replace(self.since(start), wall=wall)

    def resident_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines()
        (line,) = (one for one in status if one.startswith("VmRSS:"))
        return round(int(line.split()[1]) / 1024, 1)


@asynccontextmanager
async def served(
    url: str,
    db: "asyncpg.Pool[Record]",
    *,
    program: Sequence[str] = ("backend_stub",),
    settings: Mapping[str, str] = IN_MEMORY,
    worker: bool = False,
    forked: bool = False,
) -> AsyncIterator[Served]:
    """Without its embedding worker, what is asked of it is all that it does.

    `forked` spares an interpreter's start, and shares its memory.
    """
    own = {"DATABASE_URL": url, "BACKEND_EMBEDDING_WORKER": str(worker).lower()}
    with BackendProcess({**own, **settings}, program=program, forked=forked) as backend:
        base = backend.url()
        async with aiohttp.ClientSession(
            base, connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=REUSED_WITHIN_S)
        ) as session:
            yield Served(session, db, backend.process.pid, await CpuClock.of(db))
        backend.stop()
