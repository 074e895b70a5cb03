"""A table of what each step of a search takes, from socket to socket."""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.whole_search.alone import WARM_UP
from benchmarks.whole_search.kept import fill_memory
from benchmarks.whole_search.rooms import Room
from benchmarks.whole_search.served import IN_MEMORY, Served, Spent, served

PROGRAM = "benchmarks.whole_search.profiled_backend"
COLUMNS = {"calls": "calls", "wall": "wall_ms", "backend": "cpu_ms", "database": "database_cpu_ms"}

Request = dict[str, dict[str, float]]
"""What the profiled backend tells of one: by step."""


async def profile(
    url: str, plain: Served, room: Room, asked: Sequence[str]
) -> dict[str, dict[str, float]]:
    """By step, of one search on average; JSON. A step leaves out the steps inside it.

    Each search is asked of a backend without a stopwatch, too, which tells what that costs.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "profile.json"
        settings = {**IN_MEMORY, "PROFILE": str(told)}
        async with served(url, plain.db, program=[PROGRAM], settings=settings) as profiled:
            await fill_memory(profiled, room, asked[0])
            for text in asked[:WARM_UP]:
                await plain.search(room, text)
                await profiled.search(room, text)
            await plain.count_connections()
            await profiled.count_connections()
            without, within = [], []
            for text in asked[WARM_UP:]:
                without.append(await plain.spent(plain.search(room, text)))
                within.append(await profiled.spent(profiled.search(room, text)))
        requests: list[Request] = json.loads(told.read_text(encoding="utf-8"))
    steps = _means(requests[-len(within) :])
    whole, bare = _mean(within), _mean(without)
    inside = {name: sum(step[name] for step in steps.values()) for name in COLUMNS}
    depths = {name: int(step["depth"]) for name, step in steps.items()}
    rows = {
        **steps,
        "outside of all steps": _difference(whole, inside),
        "whole search": whole,
        "of it the stopwatch": _difference(whole, bare),
    }
    _print(rows, depths, room)
    return {
        name: {title: round(row[column], 3) for column, title in COLUMNS.items()}
        for name, row in rows.items()
    }


def _means(requests: Sequence[Request]) -> Request:
    """A step that some searches lack counts 0 in those."""
    table: Request = {}
    for name in in_order(requests):
        steps = [request[name] for request in requests if name in request]
        table[name] = {
            column: sum(step[column] for step in steps) / len(requests) for column in COLUMNS
        }
        table[name]["depth"] = steps[0]["depth"]
    return table


def in_order(requests: Sequence[Request]) -> list[str]:
    """As they begin, those that only some searches have behind what was before them."""
    names: list[str] = []
    for request in requests:
        at = 0
        for name in request:
            if name not in names:
                names.insert(at, name)
            at = names.index(name) + 1
    return names


def _mean(spent: Sequence[Spent]) -> dict[str, float]:
    return {
        "calls": 1.0,
        "wall": float(np.mean([one.wall for one in spent])),
        "backend": float(np.mean([one.backend for one in spent])),
        "database": float(np.mean([one.database for one in spent])),
    }


def _difference(whole: dict[str, float], part: dict[str, float]) -> dict[str, float]:
    return {name: whole[name] - part[name] for name in COLUMNS} | {"calls": 1.0}


def _print(rows: Request, depths: dict[str, int], room: Room) -> None:
    print(f"{room.size:,} messages, one search step by step, in ms:")
    print(f"{'':52}{'calls':>7}{'wall':>9}{'backend':>9}{'database':>9}")
    for name, row in rows.items():
        figures = "".join(f"{row[column]:9.3f}" for column in ("wall", "backend", "database"))
        shown = "  " * depths.get(name, 0) + name
        print(f"{shown:52}{row['calls']:7.1f}{figures}", flush=True)
