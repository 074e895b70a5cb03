"""The agent's durable, ordered queue of writes that the backend has not acknowledged."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from agent.backend_client import BackendClient
from agent.background_tasks import BackgroundTasks
from agent.epoch import Epoch
from agent.errors import OutboxError
from agent.messages.clock import Clock
from agent.messages.erasures import Erasures
from agent.outbox.delivery import deliver_unless_erased, unreadable
from agent.outbox.delivery_loop import DeliveryLoop
from agent.outbox.files import open_file
from agent.outbox.metrics import OutboxMetrics
from agent.outbox.retry import Retry
from agent.outbox.storage.entry import STREAMS, DeadLetter, Entry, Stream, Write, id_of, stream_of
from agent.outbox.store import OutboxStore
from agent.outbox.sweep import sweep_conversation, tell_erased
from retrieval.wire import ConversationEvent, MessageCreate, SessionSummary, TurnTrace

logger = logging.getLogger(__name__)
T = TypeVar("T")
Waiting = TypeVar("Waiting", MessageCreate, ConversationEvent)

_HOUSEKEEPING_S = 3_600.0
_PAST_DISK_ENTRIES = 50


class Outbox:
    """What `accept` has returned for reaches the backend exactly once, in order.

    Messages go before events, events before session summaries, these before traces of turns. A
    refused entry becomes a dead letter, a refused trace is dropped; all else is retried for ever,
    also by the next process that opens the file.
    """

    def __init__(
        self,
        file: OutboxStore,
        *,
        client: BackendClient,
        conversation_id: UUID,
        batch_size: int = 100,
        retry: Retry | None = None,
        dead_letters_expire_after: timedelta | None = None,
        metrics: OutboxMetrics | None = None,
        epoch: Epoch | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._file = file
        self._client = client
        self._conversation_id = conversation_id
        self._epoch = epoch or Epoch()
        self._clock = clock or Clock()
        self.metrics = metrics or OutboxMetrics()
        self._expire_after = dead_letters_expire_after
        # One thread: transactions are whole and in order, and cancelling a caller breaks none.
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._delivery = DeliveryLoop(
            file,
            client=client,
            conversation_id=conversation_id,
            epoch=self._epoch,
            batch_size=batch_size,
            retry=retry or Retry(),
            on_disk=self._on_disk,
            metrics=self.metrics,
        )
        self._tasks = BackgroundTasks()
        self._tasks.start(self._keep_house())

    @classmethod
    async def open(
        cls,
        data_dir: Path,
        *,
        client: BackendClient,
        conversation_id: UUID,
        room: str | None = None,
        batch_size: int = 100,
        retry: Retry | None = None,
        dead_letters_expire_after: timedelta | None = None,
        metrics: OutboxMetrics | None = None,
        epoch: Epoch | None = None,
        clock: Clock | None = None,
        revision: int = 0,
    ) -> "Outbox":
        """Open and begin to deliver; of a damaged file what is whole. Raises OutboxUnwritable.

        Without an `epoch` what is delivered is not the room's agent's, as in a chat. What another
        `room` of the conversation left is left to it. `revision` is the conversation's now.
        """
        metrics = metrics or OutboxMetrics()
        file = await asyncio.to_thread(
            open_file, data_dir, conversation_id, room=room, metrics=metrics, revision=revision
        )
        return cls(
            file,
            client=client,
            conversation_id=conversation_id,
            batch_size=batch_size,
            retry=retry,
            dead_letters_expire_after=dead_letters_expire_after,
            metrics=metrics,
            epoch=epoch,
            clock=clock,
        )

    async def accept(self, *writes: Write) -> None:
        """On disk when it returns, all or none. Raises OutboxUnwritable."""
        await self._add([_entry(self._stamped(write)) for write in writes])

    async def accept_session(self, session_id: str, summary: SessionSummary) -> None:
        """Replaces an older, unsent summary of the session."""
        await self._add([Entry("session", session_id, summary.model_dump_json())])

    async def deliver_past_disk(self, *writes: Write) -> None:
        """Without accepting: the last resort where the disk takes nothing and memory ends.

        Call when nothing waits that was accepted before. Raises BackendError.
        """
        entries = [_entry(self._stamped(write)) for write in writes]
        for stream in STREAMS:
            of_stream = [entry for entry in entries if entry.stream == stream]
            for first in range(0, len(of_stream), _PAST_DISK_ENTRIES):
                part = of_stream[first : first + _PAST_DISK_ENTRIES]
                await deliver_unless_erased(self._client, self._conversation_id, part, self._epoch)

    async def waiting_messages(self) -> list[MessageCreate]:
        """Unacknowledged messages, oldest first."""
        return await self._waiting("message", MessageCreate)

    async def waiting_events(self) -> list[ConversationEvent]:
        """Unacknowledged events, oldest first."""
        return await self._waiting("event", ConversationEvent)

    async def _waiting(self, stream: Stream, wire_type: type[Waiting]) -> list[Waiting]:
        entries = await self._on_disk(lambda: self._file.waiting(stream))
        broken = unreadable(entries)
        return [
            wire_type.model_validate_json(entry.body) for entry in entries if entry not in broken
        ]

    async def count(self) -> int:
        return await self._on_disk(self._file.count)

    async def dead_letters(self) -> list[tuple[str, str]]:
        """Ids and reasons, oldest first."""
        return await self._on_disk(self._file.dead_letters)

    @property
    def conversation_erased(self) -> asyncio.Event:
        """Set when the backend has refused a delivery since the conversation was erased."""
        return self._delivery.conversation_erased

    async def erased_to(self) -> int:
        """The conversation's revision up to which nothing erased is on this disk."""
        return await self._on_disk(self._file.erased_to)

    async def erase(self, erasures: Erasures, *, revision: int) -> None:
        """From what waits, dead letters, the file's bytes, and the conversation's other files.

        Raises OutboxError: then it is to be repeated.
        """
        gone = await self._on_disk(lambda: self._file.erase(erasures, revision=revision))
        tell_erased(gone, self._conversation_id, self._file.path, self.metrics)
        data_dir = self._file.path.parent.parent
        await sweep_conversation(data_dir, erasures, client=self._client, metrics=self.metrics)

    async def drain(self, timeout_s: float) -> bool:
        """Deliver now; False if something is left after `timeout_s`."""
        return await self._delivery.drain(timeout_s)

    async def aclose(self) -> None:
        """Stop delivering and release the file; what is unsent stays on disk."""
        await self._tasks.aclose()
        await self._delivery.aclose()
        await self._on_disk(self._file.close)
        await self._on_disk(self._count_folder)
        self._disk.shutdown()

    async def _add(self, entries: Sequence[Entry]) -> None:
        await self._on_disk(lambda: self._file.add(entries))
        self._delivery.wake()

    def _stamped(self, write: Write) -> Write:
        if isinstance(write, TurnTrace):
            return write  # its times are those of the conversation's clock already
        stamps: dict[str, object] = {"created_at": self._clock.corrected(write.created_at)}
        if isinstance(write, MessageCreate):
            stamps["epoch"] = self._epoch.number
            stamps["room"] = self._epoch.room
        return write.model_copy(update=stamps)

    async def _keep_house(self) -> None:
        while True:
            try:
                await self._on_disk(self._expire_dead_letters)
                await self._on_disk(self._count_folder)
            except OutboxError as error:
                logger.warning("dead letters not expired", extra={"reason": str(error)})
            await asyncio.sleep(_HOUSEKEEPING_S)

    def _expire_dead_letters(self) -> None:
        if self._expire_after is None:
            return
        oldest_kept = datetime.now(UTC) - self._expire_after
        expired = [letter for letter in self._file.letters() if _set_aside(letter) < oldest_kept]
        if not expired:
            return
        self._file.forget(expired)
        self.metrics.expired.inc(len(expired))
        logger.warning(
            "dead letters have expired and are deleted",
            extra={"file": self._file.path.name, "ids": [each.entry.id for each in expired]},
        )

    def _count_folder(self) -> None:
        self.metrics.count_folder(self._file.path.parent)

    async def _on_disk(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)


def _set_aside(letter: DeadLetter) -> datetime:
    return datetime.fromisoformat(letter.set_aside_at)


def _entry(write: Write) -> Entry:
    return Entry(stream_of(write), id_of(write), write.model_dump_json())
