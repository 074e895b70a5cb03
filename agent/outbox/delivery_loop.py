"""Delivers an outbox's entries, for ever: oldest first, until each is acknowledged or refused."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from operator import attrgetter
from typing import Protocol, TypeVar
from uuid import UUID

from agent.backend_client import BackendClient
from agent.epoch import Epoch
from agent.errors import OutboxError, OutboxUnwritable
from agent.messages.erasures import Erasures
from agent.outbox.delivery import deliver, one_request, unreadable
from agent.outbox.failures import report
from agent.outbox.metrics import DeadLetterReason, OutboxMetrics
from agent.outbox.pace import Pace
from agent.outbox.refusals import keeps_text, meaning, named_items
from agent.outbox.refused_turns import RefusedTurns
from agent.outbox.retry import Retry
from agent.outbox.storage.entry import Entry
from agent.outbox.store import OutboxStore
from agent.tracing import span
from longroom.client import BackendError, BackendRejected, BackendUnavailable

logger = logging.getLogger(__name__)
T = TypeVar("T")

_MAX_BATCH_CHARS = 1_000_000


class Disk(Protocol):
    """Runs blocking work on the outbox's file in its one thread."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class DeliveryLoop:
    """Runs from construction until closed. One batch is under way at a time."""

    def __init__(
        self,
        file: OutboxStore,
        *,
        client: BackendClient,
        conversation_id: UUID,
        epoch: Epoch,
        batch_size: int,
        retry: Retry,
        on_disk: Disk,
        metrics: OutboxMetrics,
    ) -> None:
        self._file = file
        self._client = client
        self._conversation_id = conversation_id
        self._epoch = epoch
        self._pace = Pace(batch_size, timeout_s=client.timeout_s)
        self._retry = retry
        self._on_disk = on_disk
        self._metrics = metrics
        self._refused_turns = RefusedTurns(self._ids())
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._empty = asyncio.Event()
        self.conversation_erased = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="outbox delivery")

    def wake(self) -> None:
        """Something was added."""
        self._empty.clear()
        self._wake.set()

    async def drain(self, timeout_s: float) -> bool:
        """Deliver now; False if something is left after `timeout_s`."""
        self._hurry.set()
        self.wake()
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            return False
        finally:
            self._hurry.clear()
        return True

    async def aclose(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        failures = 0
        while True:
            least_s = 0.0
            try:
                if await self._deliver_batch():
                    failures = 0
                    continue
            except (BackendError, OutboxError) as error:
                failures += 1
                if isinstance(error, BackendUnavailable):
                    least_s = error.retry_after_s or 0.0
                report(error, failures, self._ids(), self._metrics)
            except Exception:
                # The boundary of the delivery loop: one entry's error must not keep the entries
                # behind it from being delivered.
                failures += 1
                self._metrics.failed("error")
                logger.exception("outbox delivery failed", extra=self._ids())
            if failures:
                delay_s = max(self._retry.delay_s(failures), min(least_s, self._retry.max_s))
                await self._wait_before_retry(delay_s)
            else:
                await self._wait_for_work()

    async def _deliver_batch(self) -> bool:
        """False if there is nothing to deliver."""
        # Cleared before reading: what is accepted meanwhile sets it again.
        self._wake.clear()
        read = await self._on_disk(
            lambda: self._file.next_batch(limit=self._pace.entries, max_chars=_MAX_BATCH_CHARS)
        )
        batch = self._pace.within_words(read)
        if not batch:
            return False
        if broken := unreadable(batch):
            reason = "not readable as this program's wire type"
            await self._set_aside([(entry, reason) for entry in broken], why="unreadable")
            return True
        batch = one_request(batch)
        clock = asyncio.get_running_loop().time
        began_at = clock()
        try:
            with span(
                "outbox delivery",
                stream=batch[0].stream,
                entries=len(batch),
                conversation_id=str(self._conversation_id),
            ):
                await deliver(
                    self._client,
                    self._conversation_id,
                    batch,
                    self._epoch,
                    timeout_s=self._pace.timeout_s,
                )
        except BackendRejected as rejection:
            await self._refused(rejection, batch)
            return True
        except BackendUnavailable:
            self._pace.failed(batch, after_s=clock() - began_at)
            raise
        self._pace.taken()
        await self._freeing(lambda: self._file.remove(batch))
        return True

    async def _refused(self, rejection: BackendRejected, batch: Sequence[Entry]) -> None:
        """Raises the rejection if the entries are to wait."""
        match meaning(rejection):
            case "credentials":
                raise rejection
            case "erased":
                await self._erased(rejection, batch)
            case "gone":
                reason = f"the conversation is gone: {rejection}"
                refused = [(entry, reason) for entry in batch]
                await self._set_aside(refused, why="erased", keep_text=keeps_text(rejection))
            case "content":
                if refused := named_items(rejection, batch, id_of=attrgetter("id")):
                    await self._set_aside(refused, why="refused")
                else:
                    self._pace.too_much(batch)
                    if rejection.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
                        self._pace.too_many_words(batch)

    async def _erased(self, rejection: BackendRejected, batch: Sequence[Entry]) -> None:
        named = set(rejection.problem.ids)
        if not named:
            await self._conversation_erased()
            return
        erased = [entry for entry in batch if entry.id in named]
        if not erased and len(batch) > 1:
            self._pace.too_much(batch)
            return
        erased = erased or list(batch)
        await self._freeing(lambda: self._file.drop(erased))
        self._metrics.erased.inc(len(erased))
        logger.warning(
            "these were erased: they are dropped, and gone from the disk",
            extra=self._ids() | {"ids": [entry.id for entry in erased]},
        )

    async def _conversation_erased(self) -> None:
        everything = Erasures(self._conversation_id, everything=True)
        try:
            gone = await self._on_disk(lambda: self._file.erase(everything, revision=0))
        finally:
            self.conversation_erased.set()
        self._metrics.erased.inc(len(gone))
        logger.warning(
            "the conversation was erased: all that waited for it is dropped",
            extra=self._ids() | {"ids": gone},
        )

    async def _set_aside(
        self,
        refused: Sequence[tuple[Entry, str]],
        *,
        why: DeadLetterReason,
        keep_text: bool = True,
    ) -> None:
        if refused[0][0].stream == "turn":
            await self._freeing(lambda: self._file.remove([entry for entry, _ in refused]))
            self._refused_turns.tell(refused)
            return
        await self._freeing(lambda: self._file.set_aside(refused, keep_text=keep_text))
        self._metrics.set_aside(why, len(refused))
        logger.error(
            "the backend will never take these; they are kept in the outbox as dead letters",
            extra=self._ids() | {"ids": [entry.id for entry, _ in refused], "why": why},
        )

    async def _freeing(self, work: Callable[[], None]) -> None:
        """On a full disk it is done in memory, until there is space: what follows must not wait."""
        try:
            await self._on_disk(work)
        except OutboxUnwritable as error:
            self._metrics.failed("disk")
            logger.error(
                "delivered entries stay on disk until there is space; a restart repeats them",
                extra=self._ids() | {"reason": str(error)},
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

    def _ids(self) -> dict[str, object]:
        return {"conversation_id": str(self._conversation_id)}
