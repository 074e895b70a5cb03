"""The loop that embeds pending messages, in the backend and in the backfill."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from retrieval.database.connection import raise_if_cancelled
from retrieval.database.outage import DATABASE_AWAY
from retrieval.embedders.protocol import Embedder
from retrieval.embeddings import queue
from retrieval.embeddings.batch import BatchLimits, EmbeddingBatches
from retrieval.embeddings.context_vectors import complete_conversation, quiet_tails
from retrieval.embeddings.model_registry import EmbeddingModel, pending_counts
from retrieval.errors import EmbeddingError
from retrieval.store.messages import PENDING_CHANNEL
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Record

logger = logging.getLogger(__name__)

_MAX_PAUSE_S = 60.0


class EmbeddingWorker:
    """Embeds for one model until stopped; any number may run, in any number of processes.

    NOTIFY wakes it; every `poll_interval_s` it polls for lost notifications, expired leases, quiet
    tails. Notified conversations come first, then all in turn. While embedder or database is
    unavailable it retries after `pause_s`, doubled up to a minute.
    """

    def __init__(
        self,
        db: "asyncpg.Pool[Record]",
        embedder: Embedder,
        model: EmbeddingModel,
        *,
        limits: BatchLimits | None = None,
        poll_interval_s: float = 30.0,
        pause_s: float = 1.0,
    ) -> None:
        self._db = db
        self._model_id = model.model_id
        self._limits = limits or BatchLimits()
        self._batches = EmbeddingBatches(db, embedder, model, self._limits)
        self._poll_interval_s = poll_interval_s
        self._first_pause_s = pause_s
        self._pause_s = pause_s
        self._notified: dict[ConversationId, None] = {}
        self._backlog: dict[ConversationId, None] = {}
        self._awake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._listener_lost = False
        self._next_poll = 0.0

    async def run(self) -> None:
        """Until stop() or cancellation; needs two connections of the pool."""
        while not self._stopping.is_set():
            try:
                async with self._listening():
                    await self._work()
            except (*DATABASE_AWAY, EmbeddingError) as error:
                raise_if_cancelled()
                logger.warning(
                    "embedding pauses",
                    extra={"error": type(error).__name__, "pause_s": self._pause_s},
                )
                await self._pause()

    def wake(self, conversation_id: ConversationId | None = None) -> None:
        if conversation_id is not None:
            self._notified[conversation_id] = None
        self._awake.set()

    def stop(self) -> None:
        self._stopping.set()
        self._awake.set()

    async def drain(
        self, *, poll_s: float = 0.05, on_pending: Callable[[int], None] | None = None
    ) -> None:
        """Work until nothing is pending, also with other workers, and quiet tails are completed.

        Calls `on_pending` after each batch. Raises EmbeddingError on the embedder's first failure.
        """
        while pending := (await pending_counts(self._db, model_id=self._model_id)).pending:
            if on_pending is not None:
                on_pending(pending)
            if not await self._work_once():
                await asyncio.sleep(poll_s)
        await self._complete_quiet_tails()

    async def _work(self) -> None:
        while not self._stopping.is_set():
            self._awake.clear()
            await self._complete_tails_if_due()
            if await self._work_once():
                self._pause_s = self._first_pause_s
            elif self._listener_lost:
                raise ConnectionResetError("the connection that listens for new messages is gone")
            else:
                await _wait(self._awake, self._poll_interval_s)

    async def _work_once(self) -> bool:
        """False if nothing is claimable."""
        conversation_id = await self._next_conversation()
        if conversation_id is None:
            return False
        if await self._batches.run_one(conversation_id):
            self._backlog[conversation_id] = None
        return True

    async def _next_conversation(self) -> ConversationId | None:
        if not self._notified and not self._backlog:
            found = await queue.conversations(self._db, model_id=self._model_id)
            self._backlog = dict.fromkeys(found)
        for candidates in (self._notified, self._backlog):
            for conversation_id in candidates:
                del candidates[conversation_id]
                return conversation_id
        return None

    async def _complete_tails_if_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._next_poll:
            await self._complete_quiet_tails()
            self._next_poll = now + self._poll_interval_s

    async def _complete_quiet_tails(self) -> None:
        quiet = self._limits.quiet
        for conversation_id in await quiet_tails(self._db, model_id=self._model_id, quiet=quiet):
            await complete_conversation(
                self._db, conversation_id=conversation_id, model_id=self._model_id, quiet=quiet
            )

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        async with self._db.acquire() as connection:
            self._listener_lost = False
            connection.add_termination_listener(self._on_termination)
            await connection.add_listener(PENDING_CHANNEL, self._on_notify)
            try:
                yield
            finally:
                # Of a lost connection, or one that its pool took back, nothing is left to listen.
                with suppress(*DATABASE_AWAY):
                    connection.remove_termination_listener(self._on_termination)
                    await connection.remove_listener(PENDING_CHANNEL, self._on_notify)

    def _on_notify(self, connection: Any, pid: int, channel: str, payload: object) -> None:
        try:
            self.wake(ConversationId(UUID(str(payload))))
        except ValueError:  # not sent by this program
            self.wake()

    def _on_termination(self, connection: Any) -> None:
        self._listener_lost = True
        self._awake.set()

    async def _pause(self) -> None:
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, _MAX_PAUSE_S)
        await _wait(self._stopping, pause_s)


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
