"""Runs one import: reads the next batch while one is stored, and keeps the position."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from longroom.transfer.batches import Batch, read_batches
from longroom.transfer.formats.format import Format
from longroom.transfer.importer import Importer, Stored
from longroom.transfer.lines import LineReader
from longroom.transfer.position import PositionFile
from longroom.transfer.reasons import ReasonCounts
from longroom.transfer.rejects import RejectsReport
from longroom.transfer.source import Source
from retrieval.wire import ExportedConversation


@dataclass
class Totals:
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    events: int = 0
    sessions: int = 0
    rooms: int = 0
    erased: int = 0
    conversations: int = 1
    cut_off: bool = False
    """Whether an export's last line is missing."""
    took_s: float = 0.0
    skipped_lines: int = 0
    """Lines that an earlier, interrupted import had stored or rejected."""
    reasons: ReasonCounts = field(default_factory=ReasonCounts)
    """Without those of an earlier, interrupted import."""
    rejected_to: Path | None = None
    """The file that has all rejected lines."""

    def add(self, outcome: Stored) -> None:
        self.stored += outcome.stored
        self.duplicates += outcome.duplicates
        self.events += outcome.events
        self.sessions += outcome.sessions
        self.rooms += outcome.rooms
        self.erased += outcome.erased
        self.rejected += len(outcome.rejected)
        self.reasons.add(outcome.rejected)


async def run_import(
    source: Source,
    importer_of: Callable[[ExportedConversation | None], Awaitable[Importer]],
    *,
    file_format: Format,
    reader: LineReader,
    position_file: PositionFile,
    rejects: RejectsReport,
    on_batch: Callable[[Totals, int], None],
) -> Totals:
    """`on_batch` gets the totals and the bytes read, after each batch."""
    position = position_file.load()
    totals = Totals(
        rejected=position.rejected, skipped_lines=position.last_line, rejected_to=rejects.path
    )
    batches = read_batches(source, file_format=file_format, reader=reader, after=position.last_line)
    started = time.monotonic()
    upcoming = asyncio.create_task(asyncio.to_thread(_next, batches))
    try:
        while batch := await upcoming:
            # Read and checked while the backend stores the one before.
            upcoming = asyncio.create_task(asyncio.to_thread(_next, batches))
            outcome = await (await importer_of(batch.conversation)).store(batch)
            rejects.write(outcome.rejected)
            totals.add(outcome)
            totals.cut_off = batch.conversation is not None and not batch.ended
            update = {"last_line": batch.last_line, "rejected": totals.rejected}
            position_file.save(position.model_copy(update=update))
            on_batch(totals, batch.taken)
    finally:
        upcoming.cancel()
    position_file.forget()
    totals.took_s = time.monotonic() - started
    return totals


def _next(batches: Iterator[Batch]) -> Batch | None:
    return next(batches, None)
