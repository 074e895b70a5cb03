"""One search at a time, in turn with its query's embedding alone and with what costs least."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.cpu_clock import quantile
from benchmarks.whole_search.kept import fill_memory, kept
from benchmarks.whole_search.rooms import Room
from benchmarks.whole_search.served import IDLE_AFTER_S, SMALL_TALK, Served, Spent
from retrieval.embedders import Embedder

WARM_UP = 10


async def ask_first(memory: Served, sql: Served, room: Room, text: str) -> dict[str, float]:
    """Of a room that is not in memory yet, and what it takes until it is; JSON."""
    read = await sql.spent(sql.search(room, text))
    start = memory.now()
    found = await memory.spent(memory.search(room, text))
    await fill_memory(memory, room, text)
    filled = memory.since(start)
    return {
        "first_cpu_ms": round(found.processor, 2),
        "first_wall_ms": round(found.wall, 2),
        "sql_first_cpu_ms": round(read.processor, 2),
        "sql_first_wall_ms": round(read.wall, 2),
        "filled_cpu_ms": round(filled.processor - found.processor, 2),
        "filled_wall_ms": round(filled.wall - found.wall, 2),
    }


async def ask_alone(
    memory: Served, sql: Served, embedder: Embedder, room: Room, asked: Sequence[str]
) -> dict[str, Any]:
    """Ratios are medians of pairs, in processor time; JSON. The room is in memory."""
    for text in asked[:WARM_UP]:
        await memory.search(room, text)
        await sql.search(room, text)
    answered = (await kept(memory)).answered
    searched, read, embedded, small_talk, health = [], [], [], [], []
    for text in asked[WARM_UP:]:
        embedded.append(await _embedded(embedder, text))
        searched.append(await memory.spent(memory.search(room, text)))
        read.append(await sql.spent(sql.search(room, text)))
        small_talk.append(await memory.spent(memory.search(room, SMALL_TALK)))
        health.append(await memory.spent(memory.health()))
    answered = (await kept(memory)).answered - answered
    alone = [one.processor for one in embedded]
    figures = {
        "ratio_to_embedding": _paired([one.processor for one in searched], alone),
        "sql_ratio_to_embedding": _paired([one.processor for one in read], alone),
        "ratio_to_sql": _paired(
            [one.processor for one in searched], [one.processor for one in read]
        ),
        "wall_ratio_to_embedding": _paired(
            [one.wall for one in searched], [one.wall for one in embedded]
        ),
        "from_memory": round(answered / len(searched), 3),
        **_figures(searched),
        **{f"sql_{name}": figure for name, figure in _figures(read).items()},
        "embedding_cpu_ms": _median(alone),
        "embedding_wall_ms": _median([one.wall for one in embedded]),
        "small_talk_cpu_ms": _median([one.processor for one in small_talk]),
        "small_talk_wall_ms": _median([one.wall for one in small_talk]),
        "health_cpu_ms": _median([one.processor for one in health]),
        "health_wall_ms": _median([one.wall for one in health]),
    }
    print(f"{room.size:,} messages, one at a time: {figures}", flush=True)
    return figures


async def _embedded(embedder: Embedder, text: str) -> Spent:
    wall, processor = time.perf_counter(), time.process_time()
    await embedder.embed([text], kind="query")
    wall = time.perf_counter() - wall
    await asyncio.sleep(IDLE_AFTER_S)
    return Spent(wall * 1000, (time.process_time() - processor) * 1000, 0.0)


def _figures(searched: Sequence[Spent]) -> Mapping[str, float]:
    walls = [one.wall for one in searched]
    return {
        "cpu_ms": _median([one.processor for one in searched]),
        "backend_cpu_ms": _median([one.backend for one in searched]),
        "database_cpu_ms": _median([one.database for one in searched]),
        "wall_p50_ms": _median(walls),
        "wall_p95_ms": round(quantile(walls, 0.95), 2),
    }


def _median(values: Sequence[float]) -> float:
    return round(quantile(values, 0.5), 2)


def _paired(values: Sequence[float], others: Sequence[float]) -> float:
    return _median([one / other for one, other in zip(values, others, strict=True)])
