"""Takes writes from event handlers, which must not wait, to the outbox in order."""

import asyncio
import logging
from collections import deque

from agent.errors import OutboxError
from agent.messages.erasures import Erasures
from agent.outbox.outbox import Outbox
from agent.outbox.storage.entry import Write, stream_of
from agent.outbox.storage.erasing import is_erased
from longroom.client import BackendError
from retrieval.wire import MessageCreate

logger = logging.getLogger(__name__)

MAX_WAITING_EVENTS = 1_000
MAX_WAITING_MESSAGES = 1_000
MAX_WAITING_CHARS = 8_000_000
_PAST_DISK_S = 5.0
QUESTIONS_SHARE = 0.5
"""Questions are refused from this share of the bounds on: the answers to those taken still fit."""


class WriteBuffer:
    """Writes put together are accepted together, all or none, if the disk takes them at all.

    While the disk refuses, writes stay in memory within the bounds above; a retry comes every
    `retry_s`. What is beyond them is not taken, and counted.
    """

    def __init__(self, outbox: Outbox, *, retry_s: float = 1.0) -> None:
        self._outbox = outbox
        self._retry_s = retry_s
        self._waiting: deque[Write] = deque()
        self._messages = 0
        self._chars = 0
        self._at_once: int | None = None
        self._arrived = asyncio.Event()
        self._accepted = asyncio.Event()
        self.disk_refuses = False
        """Whether the last attempt failed."""
        self.dropped_events = 0
        self.refused_messages = 0
        self._conversation_erased = False
        self._flushing = asyncio.create_task(self._flush_for_ever(), name="write buffer")

    @property
    def takes_questions(self) -> bool:
        """False while the disk refuses and the memory for questions is used up."""
        return (
            self._messages < MAX_WAITING_MESSAGES * QUESTIONS_SHARE
            and self._chars < MAX_WAITING_CHARS * QUESTIONS_SHARE
        )

    def refuse_question(self) -> None:
        """Count one that was not even put, since `takes_questions` was False."""
        self.refused_messages += 1
        self._outbox.metrics.refused("message")

    def put(self, write: Write) -> bool:
        """False if it is not taken, and so will not be stored."""
        if self._conversation_erased:
            return False
        if not self._has_room(write):
            self._refuse(write)
            return False
        self._waiting.append(write)
        self._count(write, 1)
        self._accepted.clear()
        self._arrived.set()
        return True

    def forget(self, erasures: Erasures) -> None:
        """What was erased of what waits. What is being written is the outbox's to forget."""
        self._conversation_erased = self._conversation_erased or erasures.everything
        for write in list(self._waiting):
            if is_erased(write, erasures):
                self._waiting.remove(write)
                self._count(write, -1)
        if not self._waiting:
            self._accepted.set()

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
        """Flush, then stop. Writes that reach neither disk nor backend in time are lost."""
        patience_s = min(2 * self._retry_s, timeout_s) if self.disk_refuses else timeout_s
        flushed = await self.flush(patience_s)
        await self._stop()
        if flushed or await self._deliver_past_disk():
            return
        self._flushing = asyncio.create_task(self._flush_for_ever(), name="write buffer")
        self._arrived.set()
        if not await self.flush(timeout_s - patience_s):
            logger.error("writes lost: the disk refused them", extra={"lost": len(self._waiting)})
            for write in self._waiting:
                self._outbox.metrics.refused(stream_of(write))
        await self._stop()

    async def _stop(self) -> None:
        self._flushing.cancel()
        await asyncio.wait({self._flushing})

    async def _deliver_past_disk(self) -> bool:
        """In their order, behind all that the outbox holds; False if that cannot be had."""
        try:
            async with asyncio.timeout(_PAST_DISK_S):
                if not await self._outbox.drain(_PAST_DISK_S):
                    return False
                await self._outbox.deliver_past_disk(*self._waiting)
        except (BackendError, OutboxError, TimeoutError):
            return False
        return True

    def _has_room(self, write: Write) -> bool:
        if self._chars and self._chars + _chars(write) > MAX_WAITING_CHARS:
            return False
        if not isinstance(write, MessageCreate):
            return len(self._waiting) < MAX_WAITING_EVENTS
        return self._messages < MAX_WAITING_MESSAGES

    def _refuse(self, write: Write) -> None:
        self._outbox.metrics.refused(stream_of(write))
        if not isinstance(write, MessageCreate):
            self.dropped_events += 1
            return
        self.refused_messages += 1
        logger.error(
            "a message is not stored: the disk refuses writes, and the memory for them is full",
            extra={"message_id": write.id, "waiting": len(self._waiting)},
        )

    def _count(self, write: Write, sign: int) -> None:
        self._chars += sign * _chars(write)
        if isinstance(write, MessageCreate):
            self._messages += sign

    async def _flush_for_ever(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._accept_some()
            self._accepted.set()

    async def _accept_some(self) -> None:
        """All that waits; after a failure the first half: a nearly full disk has some space."""
        batch = list(self._waiting)[: self._at_once]
        try:
            await self._outbox.accept(*batch)
        except OutboxError as error:
            self.disk_refuses = True
            self._at_once = max(1, len(batch) // 2)
            self._outbox.metrics.failed("disk")
            logger.error(
                "outbox not writable, will be tried again",
                extra={"reason": str(error), "waiting": len(self._waiting)},
            )
            await asyncio.sleep(self._retry_s)
            return
        self.disk_refuses = False
        self._at_once = None if self._at_once is None else self._at_once * 2
        if len(batch) == len(self._waiting):
            self._at_once = None
        for write in batch:
            # Erased meanwhile, it is not there any more.
            if self._waiting and self._waiting[0] is write:
                self._waiting.popleft()
                self._count(write, -1)


def _chars(write: Write) -> int:
    """Events and traces are bounded on the wire."""
    return len(write.content) if isinstance(write, MessageCreate) else 0
