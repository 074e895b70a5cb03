"""Takes writes from event handlers, which must not wait, to the outbox in order."""

import asyncio
import logging
from collections import deque

from agent.errors import OutboxError
from agent.outbox.outbox import Outbox
from retrieval.wire import ConversationEvent, MessageCreate

logger = logging.getLogger(__name__)

MAX_WAITING_EVENTS = 1_000


class WriteBuffer:
    """Writes put together are accepted together, all or none.

    While the disk refuses, messages stay in memory; a retry comes every `retry_s`. Events beyond
    MAX_WAITING_EVENTS are dropped and counted, to bound memory.
    """

    def __init__(self, outbox: Outbox, *, retry_s: float = 1.0) -> None:
        self._outbox = outbox
        self._retry_s = retry_s
        self._waiting: deque[MessageCreate | ConversationEvent] = deque()
        self._arrived = asyncio.Event()
        self._accepted = asyncio.Event()
        self.dropped_events = 0
        self._flushing = asyncio.create_task(self._flush_for_ever(), name="write buffer")

    def put(self, write: MessageCreate | ConversationEvent) -> None:
        if isinstance(write, ConversationEvent) and len(self._waiting) >= MAX_WAITING_EVENTS:
            self.dropped_events += 1
            return
        self._waiting.append(write)
        self._accepted.clear()
        self._arrived.set()

    async def flush(self, timeout_s: float) -> bool:
        """Wait until all writes are on disk; False at the timeout."""
        try:
            async with asyncio.timeout(timeout_s):
                while self._waiting:
                    await self._accepted.wait()
        except TimeoutError:
            return False
        return True

    async def aclose(self, timeout_s: float) -> None:
        """Flush, then stop. Writes not on disk within `timeout_s` are lost."""
        if not await self.flush(timeout_s):
            logger.error("writes lost: the disk refused them", extra={"lost": len(self._waiting)})
        self._flushing.cancel()
        await asyncio.wait({self._flushing})

    async def _flush_for_ever(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._accept_all()
            self._accepted.set()

    async def _accept_all(self) -> None:
        batch = list(self._waiting)
        try:
            await self._outbox.accept(*batch)
        except OutboxError as error:
            logger.error(
                "outbox not writable, will be tried again",
                extra={"reason": str(error), "waiting": len(batch)},
            )
            await asyncio.sleep(self._retry_s)
            return
        for _ in batch:
            self._waiting.popleft()
