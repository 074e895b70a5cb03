"""Load of all kinds, with rooms in memory and without."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from benchmarks.bench_database import open_pool, temporary_database
from benchmarks.whole_search.at_once import beside, open_connections
from benchmarks.whole_search.kept import fill_memory, kept
from benchmarks.whole_search.load.beside import BACKLOG, CLIENTS, beside_backfill, beside_ingest
from benchmarks.whole_search.load.crowded import ask_crowd
from benchmarks.whole_search.load.replicas import ask_replicas
from benchmarks.whole_search.rooms import Pool, Room, fill_with
from benchmarks.whole_search.served import IN_MEMORY, ROOM_MEMORY, STORED, Served, served
from benchmarks.whole_search.texts import drawn, questions, room_texts
from retrieval.embeddings.model_registry import pending_counts
from retrieval.wire import MessageCreate

CROWDED_MESSAGES = 1_000
"""In each of the crowd's rooms, at most."""
FIT = 4
"""One of so many rooms of the crowd has room in memory."""
INGESTED = 500
"""Messages at most, beside the searches."""
SOUGHT = 20
"""Messages appended through one of two backends and sought through the other."""
FIRST = "what was said?"
POLL_S = 0.1
EMBEDDED_WITHIN = 3_000
"""Polls."""


@dataclass(frozen=True)
class Load:
    url: str
    db: Pool
    room: Room
    crowd: Sequence[Room]
    fresh: Sequence[MessageCreate]
    """What will be said."""
    asked: Iterator[str]
    searches: int
    """Of each kind of load."""
    forked: bool

    def served(
        self, settings: Mapping[str, str] = IN_MEMORY, *, worker: bool = True
    ) -> AbstractAsyncContextManager[Served]:
        return served(self.url, self.db, settings=settings, worker=worker, forked=self.forked)


async def measure_load(
    size: int, *, data: Path | None, rooms: int, searches: int, forked: bool = False
) -> dict[str, Any]:
    """Of a room of `size` messages, and of a crowd of `rooms`; JSON. Raises NeverFromMemory."""
    said = room_texts(size + max(INGESTED, BACKLOG * searches), data=data)
    crowded = said[: min(size, CROWDED_MESSAGES)]
    named = [("load", said[:size]), *((f"crowd {number}", crowded) for number in range(rooms))]
    async with temporary_database() as url, open_pool(url, size=2) as db:
        room, *crowd = await fill_with(db, named)
        load = Load(url, db, room, crowd, said[size:], questions(data), searches, forked)
        memory = await _with_memory(load)
        one_mb = memory["process"]["room_mb"]
        sql = await _without(load, megabytes=max(1, ceil(one_mb * rooms / FIT)))
    besides = {name: beside(memory["load"][name], sql["load"][name]) for name in memory["load"]}
    crowded = sql["crowded"]
    return {
        "load": besides | {f"crowded, {name}": one for name, one in crowded.items()},
        "backends": memory["backends"],
        "process": {
            "all rooms fit": memory["process"],
            "crowded": sql["crowded process"],
            "no rooms": sql["process"],
        },
        "crowded": {"ratio_to_sql": max(one["ratio_to_sql"] for one in crowded.values())},
    }


async def _with_memory(load: Load) -> dict[str, Any]:
    async with load.served() as backend:
        resident = backend.resident_mb()
        before = (await kept(backend)).megabytes
        await fill_memory(backend, load.crowd[0], FIRST)
        room_mb = (await kept(backend)).megabytes - before
        besides = await _beside(load, backend, name="memory")
        async with load.served() as other:
            asked, said = drawn(load.asked, 2 * load.searches), load.fresh[:SOUGHT]
            backends = await ask_replicas([backend, other], load.room, asked, said=said)
        process = await _process(backend, int(IN_MEMORY[ROOM_MEMORY]), resident=resident)
    await _all_embedded(load)
    process["room_mb"] = round(room_mb, 2)
    _tell("backends", backends)
    _tell("process", process)
    return {"load": besides, "backends": backends, "process": process}


async def _without(load: Load, *, megabytes: int) -> dict[str, Any]:
    async with load.served(STORED) as sql:
        resident = sql.resident_mb()
        crowded = await _crowded(load, sql, megabytes=megabytes)
        besides = await _beside(load, sql, name="sql")
        process = await _process(sql, 0, resident=resident)
    return {"load": besides, "process": process, **crowded}


async def _crowded(load: Load, sql: Served, *, megabytes: int) -> dict[str, Any]:
    """`megabytes` is the setting of a backend in whose memory they have no room."""
    small = {ROOM_MEMORY: str(megabytes)}
    async with load.served(small, worker=False) as backend:
        await open_connections([backend, sql], load.room, clients=CLIENTS)
        resident = backend.resident_mb()
        figures = await ask_crowd(backend, sql, load.crowd, load.asked, searches=load.searches)
        process = await _process(backend, megabytes, resident=resident)
    for name, one in figures.items():
        _tell(f"crowded, {name}", one)
    return {"crowded": figures, "crowded process": process}


async def _process(backend: Served, megabytes: int, *, resident: float) -> dict[str, float]:
    """`resident` is what it took before any room."""
    now = await kept(backend)
    return {
        "setting_mb": megabytes,
        "rooms": now.rooms,
        "kept_mb": round(now.megabytes, 1),
        "resident_before_mb": resident,
        "resident_after_mb": backend.resident_mb(),
    }


async def _beside(load: Load, backend: Served, *, name: str) -> dict[str, dict[str, Any]]:
    """`name` is that of the messages, too, which are new to each backend."""
    room = load.room
    await open_connections([backend], room, clients=CLIENTS)
    asked, said = drawn(load.asked, load.searches), load.fresh[:INGESTED]
    ingest = await beside_ingest(backend, room, asked, said=said, name=name)
    await _all_embedded(load)
    asked, said = drawn(load.asked, load.searches), load.fresh[: BACKLOG * load.searches]
    backfill = await beside_backfill(
        backend, load.db, asked, said=said, name=name, model_id=room.model_id
    )
    await _all_embedded(load)
    found = {"beside ingest": ingest, "beside backfill": backfill}
    for kind, figures in found.items():
        _tell(f"{room.size:,} messages, {kind}, {name}", figures)
    return found


async def _all_embedded(load: Load) -> None:
    model_id = load.room.model_id
    for _ in range(EMBEDDED_WITHIN):
        if not (await pending_counts(load.db, model_id=model_id)).pending:
            return
        await asyncio.sleep(POLL_S)
    raise TimeoutError("the backend does not embed what waits for it")


def _tell(name: str, figures: dict[str, Any]) -> None:
    print(f"{name}: {figures}", flush=True)
