"""The agent's durable, ordered queue of writes that the backend has not acknowledged."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from agent.backend_client import BackendClient
from agent.errors import BackendError, BackendRejected, BackendUnavailable, OutboxError
from agent.outbox.delivery import deliver, refused_items, unreadable
from agent.outbox.files import open_file
from agent.outbox.store import Entry, OutboxStore, Stream
from agent.tracing import span
from retrieval.wire import ConversationEvent, MessageCreate, SessionSummary

logger = logging.getLogger(__name__)
T = TypeVar("T")

_MAX_BATCH_CHARS = 1_000_000


@dataclass(frozen=True)
class Retry:
    """Backoff from `first_s`, doubled up to `max_s`, times a random 0.5 to 1."""

    first_s: float = 0.2
    max_s: float = 30.0

    def delay_s(self, attempt: int) -> float:
        """`attempt`: failures in a row, from 1."""
        longest: float = min(self.max_s, self.first_s * 2 ** min(attempt - 1, 30))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


class Outbox:
    """What `accept` has returned for reaches the backend exactly once, in order.

    Messages go before events, events before session summaries. A refused entry becomes a dead
    letter; all else is retried for ever, also by the next process that opens the file.
    """

    def __init__(
        self,
        file: OutboxStore,
        *,
        client: BackendClient,
        conversation_id: UUID,
        batch_size: int = 100,
        retry: Retry | None = None,
    ) -> None:
        self._file = file
        self._client = client
        self._conversation_id = conversation_id
        self._batch_size = batch_size
        self._retry = retry or Retry()
        self._next_size = batch_size
        # One thread: transactions are whole and in order, and cancelling a caller breaks none.
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._empty = asyncio.Event()
        self._delivering = asyncio.create_task(self._deliver_for_ever(), name="outbox delivery")

    @classmethod
    async def open(
        cls,
        data_dir: Path,
        *,
        client: BackendClient,
        conversation_id: UUID,
        batch_size: int = 100,
        retry: Retry | None = None,
    ) -> "Outbox":
        """Open and begin to deliver; a damaged file is renamed. Raises OutboxUnwritable."""
        file = await asyncio.to_thread(open_file, data_dir, conversation_id)
        return cls(
            file,
            client=client,
            conversation_id=conversation_id,
            batch_size=batch_size,
            retry=retry,
        )

    async def accept(self, *writes: MessageCreate | ConversationEvent) -> None:
        """On disk when it returns, all or none. Raises OutboxUnwritable."""
        await self._add([_entry(write) for write in writes])

    async def accept_session(self, session_id: str, summary: SessionSummary) -> None:
        """Replaces an older, unsent summary of the session."""
        await self._add([Entry("session", session_id, summary.model_dump_json())])

    async def waiting_messages(self) -> list[MessageCreate]:
        """Unacknowledged messages, oldest first."""
        entries = await self._on_disk(lambda: self._file.waiting("message"))
        broken = unreadable(entries)
        return [
            MessageCreate.model_validate_json(entry.body)
            for entry in entries
            if entry not in broken
        ]

    async def count(self) -> int:
        return await self._on_disk(self._file.count)

    async def dead_letters(self) -> list[tuple[str, str]]:
        return await self._on_disk(self._file.dead_letters)

    async def drain(self, timeout_s: float) -> bool:
        """Deliver now; False if something is left after `timeout_s`."""
        self._empty.clear()
        self._hurry.set()
        self._wake.set()
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            return False
        finally:
            self._hurry.clear()
        return True

    async def aclose(self) -> None:
        """Stop delivering and release the file; what is unsent stays on disk."""
        self._delivering.cancel()
        await asyncio.wait({self._delivering})
        await self._on_disk(self._file.close)
        self._disk.shutdown()

    async def _add(self, entries: Sequence[Entry]) -> None:
        self._empty.clear()
        await self._on_disk(lambda: self._file.add(entries))
        self._wake.set()

    async def _deliver_for_ever(self) -> None:
        failures = 0
        while True:
            try:
                if await self._deliver_batch():
                    failures = 0
                    continue
            except (BackendError, OutboxError) as error:
                failures += 1
                self._report(error, failures)
            except Exception:
                # The boundary of the delivery loop: one entry's error must not keep the entries
                # behind it from being delivered.
                failures += 1
                logger.exception("outbox delivery failed", extra=self._ids())
            if failures:
                await self._wait_before_retry(self._retry.delay_s(failures))
            else:
                await self._wait_for_work()

    async def _deliver_batch(self) -> bool:
        """False if there is nothing to deliver."""
        # Cleared before reading: what is accepted meanwhile sets it again.
        self._wake.clear()
        batch = await self._on_disk(
            lambda: self._file.next_batch(limit=self._next_size, max_chars=_MAX_BATCH_CHARS)
        )
        if not batch:
            return False
        if broken := unreadable(batch):
            reason = "not readable as this program's wire type"
            await self._set_aside([(entry, reason) for entry in broken])
            return True
        try:
            with span(
                "outbox delivery",
                stream=batch[0].stream,
                entries=len(batch),
                conversation_id=str(self._conversation_id),
            ):
                await deliver(self._client, self._conversation_id, batch)
        except BackendRejected as rejection:
            if refused := refused_items(rejection, batch, id_of=attrgetter("id")):
                await self._set_aside(refused)
            else:
                self._next_size = len(batch) // 2
            return True
        self._next_size = min(self._batch_size, self._next_size * 2)
        await self._on_disk(lambda: self._file.remove(batch))
        return True

    async def _set_aside(self, refused: Sequence[tuple[Entry, str]]) -> None:
        await self._on_disk(lambda: self._file.set_aside(refused))
        logger.error(
            "the backend will never take these; they are kept in the outbox as dead letters",
            extra=self._ids() | {"ids": [entry.id for entry, _ in refused]},
        )

    async def _wait_for_work(self) -> None:
        if not self._wake.is_set():
            self._empty.set()
        await self._wake.wait()

    async def _wait_before_retry(self, delay_s: float) -> None:
        try:
            async with asyncio.timeout(delay_s):
                await self._hurry.wait()
            # One attempt at once for a drain, then the usual delays again.
            self._hurry.clear()
        except TimeoutError:
            return

    async def _on_disk(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, work)

    def _report(self, error: BackendError | OutboxError, failures: int) -> None:
        level = logging.WARNING if isinstance(error, BackendUnavailable) else logging.ERROR
        logger.log(
            level,
            "delivery failed, will be tried again",
            extra=self._ids() | {"failures": failures, "reason": str(error)},
        )

    def _ids(self) -> dict[str, object]:
        return {"conversation_id": str(self._conversation_id)}


def _entry(write: MessageCreate | ConversationEvent) -> Entry:
    stream: Stream = "message" if isinstance(write, MessageCreate) else "event"
    return Entry(stream, write.id, write.model_dump_json())
