"""Searches of several clients at once."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from benchmarks.cpu_clock import quantile
from benchmarks.whole_search.rooms import Room
from benchmarks.whole_search.served import Asked, Served

CLIENTS = (1, 8, 32)

PARTS = 4

Figures = Mapping[str, float]
Search = tuple[Room, str]


async def ask_at_once(backend: Asked, asked: Sequence[Search], *, clients: int) -> dict[str, float]:
    waiting = iter(asked)
    walls: list[float] = []

    async def client() -> None:
        for room, text in waiting:
            start = time.perf_counter()
            await backend.search(room, text)
            walls.append((time.perf_counter() - start) * 1000)

    start = backend.now()
    await asyncio.gather(*(client() for _ in range(clients)))
    spent = backend.since(start)
    return {
        "searches_per_core_s": round(len(walls) / spent.processor * 1000, 1),
        "searches_per_s": round(len(walls) / spent.wall * 1000, 1),
        "cpu_ms": round(spent.processor / len(walls), 2),
        "wall_p50_ms": round(quantile(walls, 0.5), 1),
        "wall_p95_ms": round(quantile(walls, 0.95), 1),
    }


async def open_connections(backends: Sequence[Served], room: Room, *, clients: int) -> None:
    """As many as the clients need; they count from now on."""
    for backend in backends:
        await asyncio.gather(*(backend.search(room, f"what, {one}?") for one in range(clients)))
    for backend in backends:
        await backend.count_connections()


def beside(memory: Figures, sql: Figures) -> dict[str, float]:
    """The figures of both paths in one row."""
    return {
        "ratio_to_sql": round(memory["cpu_ms"] / sql["cpu_ms"], 2),
        **memory,
        **{f"sql_{name}": figure for name, figure in sql.items()},
    }


def in_parts(searches: Sequence[Search]) -> Iterator[Sequence[Search]]:
    """Between which what is compared takes turns."""
    length = ceil(len(searches) / PARTS)
    for start in range(0, len(searches), length):
        yield searches[start : start + length]


def mean(parts: Sequence[Figures]) -> dict[str, float]:
    """Of parts with about as many searches."""
    return {name: round(sum(part[name] for part in parts) / len(parts), 2) for name in parts[0]}
