"""Searches of several clients at once."""

import asyncio
import time
from collections.abc import Sequence

from benchmarks.cpu_clock import quantile
from benchmarks.whole_search.rooms import Room
from benchmarks.whole_search.served import Served

CLIENTS = (1, 8, 32)


async def ask_at_once(
    backend: Served, room: Room, asked: Sequence[str], *, clients: int
) -> dict[str, float]:
    waiting = iter(asked)
    walls: list[float] = []

    async def client() -> None:
        for text in waiting:
            start = time.perf_counter()
            await backend.search(room, text)
            walls.append((time.perf_counter() - start) * 1000)

    start = backend.now()
    await asyncio.gather(*(client() for _ in range(clients)))
    spent = backend.since(start)
    figures = {
        "searches_per_core_s": round(len(walls) / spent.processor * 1000, 1),
        "searches_per_s": round(len(walls) / spent.wall * 1000, 1),
        "cpu_ms": round(spent.processor / len(walls), 2),
        "wall_p50_ms": round(quantile(walls, 0.5), 1),
        "wall_p95_ms": round(quantile(walls, 0.95), 1),
    }
    print(f"{room.size:,} messages, {clients} at once: {figures}", flush=True)
    return figures
