"""Prometheus figures of the outboxes, without names, ids and texts."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge

from agent.outbox.storage.entry import Stream
from agent.outbox.storage.mark import marks_folder, read_mark

Failure = Literal["unavailable", "credentials", "protocol", "refused", "disk", "error"]
DeadLetterReason = Literal["refused", "erased", "unreadable"]


class OutboxMetrics:
    """One per process. The worker serves their sums on AGENT_METRICS_PORT."""

    def __init__(self) -> None:
        # A separate registry: the figures of several processes are collected from their files.
        self.registry = registry = CollectorRegistry()
        self.failures = Counter(
            "longroom_outbox_failures",
            "Failed attempts to deliver or to write to disk, by what failed",
            ["failure"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "longroom_outbox_dead_letters",
            "Entries set aside for good, by why",
            ["reason"],
            registry=registry,
        )
        self.erased = Counter(
            "longroom_outbox_erased",
            "Entries and dead letters dropped since they were erased in the backend",
            registry=registry,
        )
        self.expired = Counter(
            "longroom_outbox_dead_letters_expired",
            "Dead letters deleted after AGENT_DEAD_LETTER_DAYS",
            registry=registry,
        )
        self.not_accepted = Counter(
            "longroom_outbox_not_accepted",
            "Writes refused because the disk took none and the memory for them was full",
            ["stream"],
            registry=registry,
        )
        self.lost = Counter(
            "longroom_outbox_lost",
            "Accepted entries that damage to a file has destroyed",
            ["stream"],
            registry=registry,
        )
        self.damaged = Counter(
            "longroom_outbox_damaged_files", "Outbox files found damaged", registry=registry
        )
        # Of the whole folder, so the newest is right whichever process counted it.
        self._waiting = Gauge(
            "longroom_outbox_waiting",
            "Entries in the data folder's outboxes that the backend has not acknowledged",
            registry=registry,
            multiprocess_mode="mostrecent",
        )
        self._kept = Gauge(
            "longroom_outbox_dead_letters_kept",
            "Dead letters in the data folder's outboxes",
            registry=registry,
            multiprocess_mode="mostrecent",
        )

    def failed(self, failure: Failure) -> None:
        self.failures.labels(failure).inc()

    def set_aside(self, reason: DeadLetterReason, count: int) -> None:
        self.dead_letters.labels(reason).inc(count)

    def refused(self, stream: Stream) -> None:
        self.not_accepted.labels(stream).inc()

    def found_damage(self, lost: Iterable[Stream]) -> None:
        self.damaged.inc()
        for stream in lost:
            self.lost.labels(stream).inc()

    def count_folder(self, outbox_folder: Path) -> None:
        """Blocks: reads the marks of all files, held or not."""
        marks = [read_mark(path) for path in marks_folder(outbox_folder).glob("*.mark")]
        known = [mark for mark in marks if mark is not None]
        self._waiting.set(sum(mark.waiting for mark in known))
        self._kept.set(sum(mark.dead_letters for mark in known))
