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
    """Delays between attempts: `first_s`, doubled each time up to `max_s`, each times 0.5 to 1."""

    first_s: float = 0.2
    max_s: float = 30.0

    def delay_s(self, attempt: int) -> float:
        """The delay after that many failures in a row, 1 being the first."""
        longest: float = min(self.max_s, self.first_s * 2 ** min(attempt - 1, 30))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


class Outbox:
    """What `accept` has returned for reaches the backend exactly once, in order.

    Messages go before events, events before session summaries; each in its own order. A refused
    entry is set aside in the file with the reason, and the rest goes on. Everything else is tried
    again for ever; what a process leaves behind is shipped by the next one that opens the file.
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
        self._shipping = asyncio.create_task(self._ship_for_ever(), name="outbox shipping")

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
        """Open the conversation's outbox and begin to ship what it holds.

        Raises OutboxUnwritable. A damaged file is set aside and a new one started.
        """
        file = await asyncio.to_thread(open_file, data_dir, conversation_id)
        return cls(
            file,
            client=client,
            conversation_id=conversation_id,
            batch_size=batch_size,
            retry=retry,
        )

    async def accept(self, *writes: MessageCreate | ConversationEvent) -> None:
        """Return when they are on disk, all or none. Raises OutboxUnwritable."""
        await self._add([_entry(write) for write in writes])

    async def accept_session(self, session_id: str, summary: SessionSummary) -> None:
        """The same for a session's summary; it replaces an older one that still waits."""
        await self._add([Entry("session", session_id, summary.model_dump_json())])

    async def waiting_messages(self) -> list[MessageCreate]:
        """Messages that the backend has not acknowledged, oldest first."""
        entries = await self._on_disk(lambda: self._file.waiting("message"))
        broken = unreadable(entries)
        return [
            MessageCreate.model_validate_json(entry.body)
            for entry in entries
            if entry not in broken
        ]

    async def count(self) -> int:
        """How many entries wait."""
        return await self._on_disk(self._file.count)

    async def dead_letters(self) -> list[tuple[str, str]]:
        """The id and the reason of everything that the backend refused for good."""
        return await self._on_disk(self._file.dead_letters)

    async def drain(self, timeout_s: float) -> bool:
        """Deliver now; True if nothing waits any more, False if time was up."""
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
        """Stop shipping and let go of the file. What waits stays on disk."""
        self._shipping.cancel()
        await asyncio.wait({self._shipping})
        await self._on_disk(self._file.close)
        self._disk.shutdown()

    async def _add(self, entries: Sequence[Entry]) -> None:
        self._empty.clear()
        await self._on_disk(lambda: self._file.add(entries))
        self._wake.set()

    async def _ship_for_ever(self) -> None:
        failures = 0
        while True:
            try:
                if await self._ship_batch():
                    failures = 0
                    continue
            except (BackendError, OutboxError) as error:
                failures += 1
                self._report(error, failures)
            except Exception:
                # The boundary of the shipping loop: whatever one entry does to it, the entries
                # behind it must still be delivered.
                failures += 1
                logger.exception("outbox shipping failed", extra=self._ids())
            if failures:
                await self._rest(self._retry.delay_s(failures))
            else:
                await self._wait_for_work()

    async def _ship_batch(self) -> bool:
        """Deliver the next batch; False if nothing waits."""
        # Cleared before looking: what is accepted while we look wakes us again.
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

    async def _rest(self, delay_s: float) -> None:
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
