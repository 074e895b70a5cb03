"""Runs one import: reads the next batch while one is stored, and keeps the position."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from longroom.transfer.batches import Batch, read_batches
from longroom.transfer.formats.format import Format
from longroom.transfer.importer import Importer
from longroom.transfer.lines import LineReader
from longroom.transfer.position import PositionFile
from longroom.transfer.rejects import RejectsReport
from longroom.transfer.source import Source


@dataclass
class Totals:
    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    took_s: float = 0.0
    skipped_lines: int = 0
    """Lines that an earlier, interrupted import had stored or rejected."""


async def run_import(
    source: Source,
    importer: Importer,
    *,
    file_format: Format,
    reader: LineReader,
    position_file: PositionFile,
    rejects: RejectsReport,
    on_batch: Callable[[Totals, int], None],
) -> Totals:
    """`on_batch` gets the totals and the bytes read, after each batch."""
    position = position_file.load()
    totals = Totals(rejected=position.rejected, skipped_lines=position.last_line)
    batches = read_batches(source, file_format=file_format, reader=reader, after=position.last_line)
    started = time.monotonic()
    upcoming = asyncio.create_task(asyncio.to_thread(_next, batches))
    try:
        while batch := await upcoming:
            # Read and checked while the backend stores the one before.
            upcoming = asyncio.create_task(asyncio.to_thread(_next, batches))
            outcome = await importer.store(batch)
            rejects.write(outcome.rejected)
            totals.stored += outcome.stored
            totals.duplicates += outcome.duplicates
            totals.rejected += len(outcome.rejected)
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
