"""More rooms that talk than fit in memory."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from benchmarks.whole_search.at_once import ask_at_once, beside
from benchmarks.whole_search.kept import kept
from benchmarks.whole_search.rooms import Room
from benchmarks.whole_search.served import Served
from benchmarks.whole_search.texts import drawn

CLIENTS = 8
PARTS = 4
"""Of the searches; memory and database take turns."""


async def ask_crowd(
    memory: Served, sql: Served, rooms: Sequence[Room], asked: Iterator[str], *, searches: int
) -> dict[str, Any]:
    """`in turn` asks each room just after it had to give way to others; JSON.

    `drawn` asks some rooms often and others seldom.
    """
    return {
        "in turn": await _ask(memory, sql, _in_turn(rooms, searches), asked),
        "drawn": await _ask(memory, sql, _drawn(rooms, searches), asked),
    }


async def _ask(
    memory: Served, sql: Served, rooms: Sequence[Room], asked: Iterator[str]
) -> dict[str, float]:
    before = (await kept(memory)).answered
    searches = list(zip(rooms, drawn(asked, len(rooms)), strict=True))
    parts: list[dict[str, float]] = []
    for number in range(PARTS):
        part = searches[number::PARTS]
        ours = await ask_at_once(memory, part, clients=CLIENTS)
        parts.append(beside(ours, await ask_at_once(sql, part, clients=CLIENTS)))
    answered = (await kept(memory)).answered - before
    return {**_median_of(parts), "from_memory": round(answered / len(rooms), 3)}


def _median_of(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: sorted(part[name] for part in parts)[len(parts) // 2] for name in parts[0]}


def _in_turn(rooms: Sequence[Room], searches: int) -> list[Room]:
    return [rooms[number % len(rooms)] for number in range(searches)]


def _drawn(rooms: Sequence[Room], searches: int) -> list[Room]:
    weights = [1 / place for place in range(1, len(rooms) + 1)]
    return Random(1).choices(rooms, weights, k=searches)  # noqa: S311 - of a measurement
