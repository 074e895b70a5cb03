"""Embeds what is pending, as soon as it is: the backend's worker and the backfill are this loop."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from retrieval.database.connection import raise_if_cancelled
from retrieval.embedders.protocol import Embedder
from retrieval.embeddings import queue
from retrieval.embeddings.batch import BatchLimits, EmbeddingBatches
from retrieval.embeddings.context_vectors import quiet_tails, seal_conversation
from retrieval.embeddings.model_registry import EmbeddingModel, pending_counts
from retrieval.errors import EmbeddingError
from retrieval.store.messages import PENDING_CHANNEL
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Record

logger = logging.getLogger(__name__)

_MAX_PAUSE_S = 60.0


class EmbeddingWorker:
    """Works for one model until it is stopped; any number may run, in any number of processes.

    It is told of new messages by NOTIFY, and looks by itself every `sweep_s` seconds: for what a
    lost notification, an ended lease or a quiet tail has left. A conversation that has just been
    written to goes first, the others take turns. While the embedder or the database is away it
    waits, `pause_s` at first and at most a minute, and goes on by itself.
    """

    def __init__(
        self,
        db: "asyncpg.Pool[Record]",
        embedder: Embedder,
        model: EmbeddingModel,
        *,
        limits: BatchLimits | None = None,
        sweep_s: float = 30.0,
        pause_s: float = 1.0,
    ) -> None:
        self._db = db
        self._model_id = model.model_id
        self._limits = limits or BatchLimits()
        self._batches = EmbeddingBatches(db, embedder, model, self._limits)
        self._sweep_s = sweep_s
        self._first_pause_s = pause_s
        self._pause_s = pause_s
        self._fresh: dict[ConversationId, None] = {}
        self._backlog: dict[ConversationId, None] = {}
        self._awake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._deaf = False
        self._next_sweep = 0.0

    async def run(self) -> None:
        """Work until stop() is called or the task is cancelled; needs two connections.

        Ends otherwise only by a mistake in this program, which it does not hide.
        """
        while not self._stopping.is_set():
            try:
                async with self._listening():
                    await self._work()
            except (
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                OSError,
                EmbeddingError,
            ) as error:
                raise_if_cancelled()
                logger.warning(
                    "embedding pauses", extra={"reason": repr(error), "pause_s": self._pause_s}
                )
                await self._pause()

    def wake(self, conversation_id: ConversationId | None = None) -> None:
        """Look for pending messages now, in this conversation first."""
        if conversation_id is not None:
            self._fresh[conversation_id] = None
        self._awake.set()

    def stop(self) -> None:
        """Let run() return after the batch that is in work."""
        self._stopping.set()
        self._awake.set()

    async def drain(
        self, *, poll_s: float = 0.05, on_waiting: Callable[[int], None] | None = None
    ) -> None:
        """Work until nothing waits, here or with other workers, and every quiet tail is complete.

        `on_waiting` is told how many messages still wait. Raises EmbeddingError as soon as the
        embedder cannot go on.
        """
        while waiting := (await pending_counts(self._db, model_id=self._model_id)).waiting:
            if on_waiting is not None:
                on_waiting(waiting)
            if not await self._work_once():
                await asyncio.sleep(poll_s)
        await self._seal_quiet_tails()

    async def _work(self) -> None:
        while not self._stopping.is_set():
            self._awake.clear()
            await self._sweep_if_due()
            if await self._work_once():
                self._pause_s = self._first_pause_s
            elif self._deaf:
                raise ConnectionResetError("the connection that listens for new messages is gone")
            else:
                await _wait(self._awake, self._sweep_s)

    async def _work_once(self) -> bool:
        """One batch; False if there is nothing to claim anywhere."""
        conversation_id = await self._next_conversation()
        if conversation_id is None:
            return False
        if await self._batches.run_one(conversation_id):
            self._backlog[conversation_id] = None
        return True

    async def _next_conversation(self) -> ConversationId | None:
        if not self._fresh and not self._backlog:
            found = await queue.conversations(self._db, model_id=self._model_id)
            self._backlog = dict.fromkeys(found)
        for waiting in (self._fresh, self._backlog):
            for conversation_id in waiting:
                del waiting[conversation_id]
                return conversation_id
        return None

    async def _sweep_if_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._next_sweep:
            await self._seal_quiet_tails()
            self._next_sweep = now + self._sweep_s

    async def _seal_quiet_tails(self) -> None:
        quiet = self._limits.quiet
        for conversation_id in await quiet_tails(self._db, model_id=self._model_id, quiet=quiet):
            await seal_conversation(
                self._db, conversation_id=conversation_id, model_id=self._model_id, quiet=quiet
            )

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        async with self._db.acquire() as connection:
            self._deaf = False
            connection.add_termination_listener(self._on_termination)
            await connection.add_listener(PENDING_CHANNEL, self._on_notify)
            try:
                yield
            finally:
                connection.remove_termination_listener(self._on_termination)
                if not connection.is_closed():
                    await connection.remove_listener(PENDING_CHANNEL, self._on_notify)

    def _on_notify(self, connection: Any, pid: int, channel: str, payload: object) -> None:
        try:
            self.wake(ConversationId(UUID(str(payload))))
        except ValueError:  # somebody else's notification: no reason to stop, nor to trust it
            self.wake()

    def _on_termination(self, connection: Any) -> None:
        self._deaf = True
        self._awake.set()

    async def _pause(self) -> None:
        pause_s, self._pause_s = self._pause_s, min(self._pause_s * 2, _MAX_PAUSE_S)
        await _wait(self._stopping, pause_s)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, or for so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
