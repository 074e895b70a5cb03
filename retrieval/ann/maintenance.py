"""Keeps large conversations prepared for fast searches, in the background of a backend."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from retrieval.ann.binary_codes import extend_codes
from retrieval.ann.hnsw import build_graph, drop_unused
from retrieval.ann.tiers import LIMITS, TierLimits
from retrieval.database.connection import raise_if_cancelled
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Record

logger = logging.getLogger(__name__)

LOCK_KEY = 4_919_077_531_204  # any number that nobody else locks
MOST_GRAPHS = 50  # every one costs each statement on the table some planning
LONGEST_TAIL = 20_000  # messages beyond a graph, which are compared exactly


@dataclass(frozen=True)
class _LargeRoom:
    conversation_id: ConversationId
    model_id: int
    dimension: int
    passages: int
    graph_to: int


class AnnMaintenance:
    """Looks for large conversations every `look_every_s` seconds and prepares what they lack.

    May run in any number of backends: one of them works, the others find it locked. What is not
    prepared yet is compared exactly, so that being late costs time and never a result.
    """

    def __init__(
        self,
        db: "asyncpg.Pool[Record]",
        *,
        limits: TierLimits = LIMITS,
        longest_tail: int = LONGEST_TAIL,
        look_every_s: float = 60.0,
    ) -> None:
        self._db = db
        self._limits = limits
        self._longest_tail = longest_tail
        self._look_every_s = look_every_s

    async def run(self) -> None:
        """Work until cancelled; goes on by itself after the database was away."""
        while True:
            try:
                await self.prepare()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                raise_if_cancelled()
                logger.warning("large rooms stay as they are", extra={"reason": repr(error)})
            await asyncio.sleep(self._look_every_s)

    async def prepare(self) -> bool:
        """Prepare all that is missing now; False if somebody else is at it."""
        async with self._alone() as connection:
            if connection is None:
                return False
            rooms = [
                _LargeRoom(**dict(row)) for row in await connection.fetch(LARGE, self._limits.exact)
            ]
            coded_to = {room: await self._code(connection, room) for room in rooms}
            if not await connection.fetchval(SHARDED):
                for room in rooms[:MOST_GRAPHS]:
                    await self._graph(connection, room, up_to=coded_to[room])
                await drop_unused(connection)
        return True

    async def _code(self, connection: "Connection", room: _LargeRoom) -> int:
        end = -1
        while (reached := await self._step(connection, room)) > end:
            end = reached
        return end

    async def _step(self, connection: "Connection", room: _LargeRoom) -> int:
        return await extend_codes(connection, room.conversation_id, model_id=room.model_id)

    async def _graph(self, connection: "Connection", room: _LargeRoom, *, up_to: int) -> None:
        if room.passages <= self._limits.coded or up_to - room.graph_to <= self._longest_tail:
            return
        ids = {"conversation_id": str(room.conversation_id), "up_to": up_to}
        logger.info("building a graph", extra=ids)
        await build_graph(
            connection,
            room.conversation_id,
            model_id=room.model_id,
            dimension=room.dimension,
            up_to=up_to,
        )
        logger.info("the graph is in use", extra=ids)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator["Connection | None"]:
        """A connection that holds the lock, or None; the server frees it if we are killed."""
        async with self._db.acquire() as connection:
            if not await connection.fetchval(TRY_LOCK, LOCK_KEY):
                yield None
                return
            try:
                yield connection
            finally:
                if not connection.is_closed():
                    await connection.execute(UNLOCK, LOCK_KEY)


TRY_LOCK = """
select pg_try_advisory_lock($1)
"""

UNLOCK = """
select pg_advisory_unlock($1)
"""

LARGE = """
select c.conversation_id, m.model_id, m.dimension, c.passage_count as passages,
       coalesce(p.graph_to, 0) as graph_to
  from conversation c
 cross join embedding_model m
  left join prepared_part p on p.conversation_id = c.conversation_id and p.model_id = m.model_id
 where m.state in ('filling', 'active') and c.passage_count > $1
 order by c.passage_count desc
"""

# There an index would be made on every shard; the codes serve the largest rooms, too.
SHARDED = """
select exists (select from pg_extension where extname = 'citus')
"""
