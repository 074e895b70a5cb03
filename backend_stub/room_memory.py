"""The rooms that were searched lately, in memory: how many fit, and whether any are kept."""

import logging
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from retrieval.search.memory.agreement import agrees
from retrieval.search.memory.loading.kept import KeptRoom, caught_up, load_kept
from retrieval.search.memory.rooms import Rooms

if TYPE_CHECKING:
    from retrieval.database.connection import Database

logger = logging.getLogger(__name__)

MIB: Final = 1024 * 1024
SHARE: Final = 4
MOST_BYTES: Final = 1024 * MIB
BOUNDS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Of a container; a file that is missing, or has no number, sets no bound."""


@asynccontextmanager
async def open_rooms(
    db: "Database", *, megabytes: int | None, dimension: int
) -> AsyncIterator[Rooms[KeptRoom] | None]:
    """None: every search reads the tables. `dimension` is that of the embeddings."""
    limit = room_memory_bytes(megabytes)
    if limit == 0:
        yield None
        return
    if not await agrees(db, dimension=dimension):
        logger.warning(
            "no rooms are kept in memory: the database multiplies vectors in another order"
        )
        yield None
        return
    rooms: Rooms[KeptRoom] = Rooms(limit, load_kept, caught_up)
    try:
        yield rooms
    finally:
        await rooms.aclose()


def room_memory_bytes(megabytes: int | None) -> int:
    """None: a quarter of what there is, at most MOST_BYTES."""
    if megabytes is not None:
        return megabytes * MIB
    return min(memory_bytes() // SHARE, MOST_BYTES)


def memory_bytes(bounds: Sequence[Path] = BOUNDS) -> int:
    """Of this machine or, where it is less, of this container."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_numbers(bounds)])


def _numbers(files: Sequence[Path]) -> Iterator[int]:
    for file in files:
        try:
            written = file.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if written.isdecimal():
            yield int(written)
