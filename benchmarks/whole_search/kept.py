"""What a backend tells of the rooms that it keeps in memory."""

import asyncio
import time
from dataclasses import dataclass

from benchmarks.whole_search.rooms import Room
from benchmarks.whole_search.served import Served
from retrieval.ann.tiers import LIMITS

ANSWERED = 'longroom_searches_answered_total{by="memory"}'
ROOMS = "longroom_rooms_in_memory"
BYTES = "longroom_room_memory_bytes"
FILLED_WITHIN_S = 60.0
PAUSE_S = 0.1


class NeverFromMemory(AssertionError):
    """What was to be measured of rooms in memory was answered by the database."""


@dataclass(frozen=True)
class Kept:
    answered: int
    """Searches since the backend's start."""
    rooms: int
    megabytes: float


async def kept(backend: Served) -> Kept:
    told = dict(
        line.rsplit(" ", 1)
        for line in (await backend.metrics()).splitlines()
        if line.startswith("longroom_")
    )
    answered, rooms, size = (float(told.get(name, 0)) for name in (ANSWERED, ROOMS, BYTES))
    return Kept(int(answered), int(rooms), size / 2**20)


async def fill_memory(
    backend: Served, room: Room, text: str, *, within_s: float = FILLED_WITHIN_S
) -> None:
    """Searches until an answer comes from memory.

    Raises NeverFromMemory if none does in time, unless the room may be too large for it.
    """
    before = (await kept(backend)).answered
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        await backend.search(room, text)
        if (await kept(backend)).answered > before:
            return
        await asyncio.sleep(PAUSE_S)
    if room.size > LIMITS.coded:
        return
    raise NeverFromMemory(
        f"within {within_s:g} s no search of a room of {room.size:,} messages was"
        " answered from memory"
    )
