"""Builds binary codes and HNSW indexes of large conversations in the background of a backend."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.ann.binary_codes import extend_codes
from retrieval.ann.hnsw import build_index, drop_unused_indexes, unused_indexes
from retrieval.ann.tiers import LIMITS, TierLimits
from retrieval.database.advisory_lock import advisory_lock
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    import asyncpg

    from retrieval.database.connection import Connection, Record

logger = logging.getLogger(__name__)

LOCK_KEY = 4_919_077_531_204  # arbitrary; used by no other advisory lock
MAX_INDEXES = 50  # each adds planning time to every statement on the table
MAX_TAIL = 20_000  # messages after the HNSW index, which are compared exactly


@dataclass(frozen=True)
class _LargeConversation:
    conversation_id: ConversationId
    model_id: int
    dimension: int
    passages: int
    graph_to: int


class AnnMaintenance:
    """Prepares large conversations every `interval_s`; an advisory lock lets one backend work.

    Messages not prepared yet are compared exactly: delay costs time, never results. `graphs` makes
    the indexes, which only a table's owner may do: without one, binary codes serve.
    """

    def __init__(
        self,
        db: "asyncpg.Pool[Record]",
        *,
        graphs: "asyncpg.Pool[Record] | None" = None,
        limits: TierLimits = LIMITS,
        max_tail: int = MAX_TAIL,
        interval_s: float = 60.0,
    ) -> None:
        self._db = db
        self._graphs = graphs or db
        self._told = False
        self._limits = limits
        self._max_tail = max_tail
        self._interval_s = interval_s

    async def run(self) -> None:
        while True:
            await self.prepare()
            await asyncio.sleep(self._interval_s)

    async def prepare(self) -> bool:
        """False if another backend holds the lock."""
        async with (
            self._db.acquire() as connection,
            advisory_lock(connection, LOCK_KEY) as is_ours,
        ):
            if not is_ours:
                return False
            rows = await connection.fetch(LARGE, self._limits.exact)
            large = [_LargeConversation(**dict(row)) for row in rows]
            coded_to = {one: await self._extend_codes(connection, one) for one in large}
            if await connection.fetchval(SHARDED):
                return True
            wanted = {
                one: coded_to[one]
                for one in large[:MAX_INDEXES]
                if self._wants_graph(one, up_to=coded_to[one])
            }
            if wanted or await unused_indexes(connection):
                await self._make_graphs(wanted)
        return True

    def _wants_graph(self, large: _LargeConversation, *, up_to: int) -> bool:
        return large.passages > self._limits.coded and up_to - large.graph_to > self._max_tail

    async def _make_graphs(self, wanted: Mapping[_LargeConversation, int]) -> None:
        async with self._graphs.acquire() as owner:
            if not await owner.fetchval(MAY_INDEX):
                self._tell_once()
                return
            for one, up_to in wanted.items():
                await _build(owner, one, up_to=up_to)
            await drop_unused_indexes(owner)

    def _tell_once(self) -> None:
        if not self._told:
            logger.warning("the database login owns no tables and makes no HNSW indexes")
        self._told = True

    async def _extend_codes(self, connection: "Connection", large: _LargeConversation) -> int:
        end = -1
        while (reached := await _one_step(connection, large)) > end:
            end = reached
        return end


async def _build(owner: "Connection", large: _LargeConversation, *, up_to: int) -> None:
    ids = {"conversation_id": str(large.conversation_id), "up_to": up_to}
    logger.info("building an HNSW index", extra=ids)
    await build_index(
        owner,
        large.conversation_id,
        model_id=large.model_id,
        dimension=large.dimension,
        up_to=up_to,
    )
    logger.info("the HNSW index is in use", extra=ids)


async def _one_step(connection: "Connection", large: _LargeConversation) -> int:
    return await extend_codes(connection, large.conversation_id, model_id=large.model_id)


LARGE = """
select c.conversation_id, m.model_id, m.dimension, c.passage_count as passages,
       coalesce(p.graph_to, 0) as graph_to
  from conversation c
 cross join embedding_model m
  left join prepared_part p on p.conversation_id = c.conversation_id and p.model_id = m.model_id
 where m.state in ('filling', 'active') and c.passage_count > $1
 order by c.passage_count desc
"""

MAY_INDEX = """
select pg_has_role(current_user, relowner, 'usage')
  from pg_class
 where oid = 'message_embedding'::regclass
"""

# On Citus an index would be created on every shard; binary codes serve the largest rooms, too.
SHARDED = """
select exists (select from pg_extension where extname = 'citus')
"""
