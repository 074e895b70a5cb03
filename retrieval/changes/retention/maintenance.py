"""Applies the rules in the background of a backend; one of several backends does."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from retrieval.changes.retention import messages, records
from retrieval.changes.retention.due import Due, due
from retrieval.changes.retention.rules import RetentionRule
from retrieval.database.advisory_lock import advisory_lock
from retrieval.database.connection import one_connection
from retrieval.errors import ConversationNotFound

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

logger = logging.getLogger(__name__)

LOCK_KEY = 4_919_077_531_205  # arbitrary; used by no other advisory lock

NOW = """
select now()
"""


async def apply_once(
    db: "Database", rules: Sequence[RetentionRule], *, now: datetime | None = None
) -> Counter[str] | None:
    """See Retention.apply."""
    return await Retention(db, rules).apply(now=now)


class Retention:
    """Works every `interval_s`, with `pause_s` between batches, in which others write.

    By the database's clock, which no machine's wrong one can set; on one connection.
    """

    def __init__(
        self,
        db: "Database",
        rules: Sequence[RetentionRule],
        *,
        on_removed: Callable[[str, int], None] = lambda kind, count: None,
        interval_s: float = 3600.0,
        pause_s: float = 0.1,
    ) -> None:
        self._db = db
        self._rules = rules
        self._on_removed = on_removed
        self._interval_s = interval_s
        self._pause_s = pause_s

    async def run(self) -> None:
        while True:
            await self.apply()
            await asyncio.sleep(self._interval_s)

    async def apply(self, *, now: datetime | None = None) -> Counter[str] | None:
        """How many went, by kind; None if another backend is at it."""
        async with (
            one_connection(self._db) as connection,
            advisory_lock(connection, LOCK_KEY) as is_ours,
        ):
            if not is_ours:
                return None
            moment: datetime = now or await connection.fetchval(NOW)
            removed: Counter[str] = Counter()
            async for one in due(connection, self._rules, now=moment):
                removed += await self._apply_to(connection, one, moment)
            return removed

    async def _apply_to(self, db: "Connection", one: Due, now: datetime) -> Counter[str]:
        removed: Counter[str] = Counter()
        try:
            await self._expire_messages(db, one, now, removed)
            await self._expire_rows(db, one, removed)
        except ConversationNotFound:
            return removed  # erased meanwhile
        ids = {"conversation_id": str(one.conversation_id), **removed}
        logger.info("retention removed what was too old", extra=ids)
        return removed

    async def _expire_messages(
        self, db: "Connection", one: Due, now: datetime, removed: Counter[str]
    ) -> None:
        before = one.cutoffs.messages
        while before is not None:
            rows = await messages.expire_batch(db, one.conversation_id, before=before, now=now)
            if not rows["message"]:
                break
            self._count(removed, "messages", rows["message"])
            self._count(removed, "events", rows["conversation_event"])
            await asyncio.sleep(self._pause_s)
        if before is not None or one.expiring:
            await messages.finish(db, one.conversation_id)

    async def _expire_rows(self, db: "Connection", one: Due, removed: Counter[str]) -> None:
        for kind, statement, before in (
            ("events", records.EVENTS, one.cutoffs.events),
            ("sessions", records.SESSIONS, one.cutoffs.sessions),
            ("traces", records.TRACES, one.cutoffs.traces),
        ):
            while before is not None:
                count = await records.expire_rows(db, statement, one.conversation_id, before=before)
                self._count(removed, kind, count)
                if count < records.BATCH_ROWS:
                    break
                await asyncio.sleep(self._pause_s)

    def _count(self, removed: Counter[str], kind: str, count: int) -> None:
        if count:
            removed[kind] += count
            self._on_removed(kind, count)
