"""More rooms that talk than fit in memory."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from benchmarks.whole_search.at_once import Figures, ask_at_once, beside, in_parts, mean
from benchmarks.whole_search.kept import kept
from benchmarks.whole_search.rooms import Room
from benchmarks.whole_search.served import Served
from benchmarks.whole_search.texts import drawn

CLIENTS = 8


async def ask_crowd(
    memory: Served, sql: Served, rooms: Sequence[Room], asked: Iterator[str], *, searches: int
) -> dict[str, Any]:
    """`in turn` asks each room just after it had to give way to others; JSON.

    `drawn` asks some rooms often and others seldom. Memory is full before.
    """
    for room in [*rooms, *rooms]:
        await memory.search(room, *drawn(asked, 1))
    return {
        "in turn": await _ask(memory, sql, _in_turn(rooms, searches), asked),
        "drawn": await _ask(memory, sql, _drawn(rooms, searches), asked),
    }


async def _ask(
    memory: Served, sql: Served, rooms: Sequence[Room], asked: Iterator[str]
) -> dict[str, float]:
    before = (await kept(memory)).answered
    searches = list(zip(rooms, drawn(asked, len(rooms)), strict=True))
    ours: list[Figures] = []
    theirs: list[Figures] = []
    for part in in_parts(searches):
        ours.append(await ask_at_once(memory, part, clients=CLIENTS))
        theirs.append(await ask_at_once(sql, part, clients=CLIENTS))
    answered = (await kept(memory)).answered - before
    figures = beside(mean(ours), mean(theirs))
    return {**figures, "from_memory": round(answered / len(rooms), 3)}


def _in_turn(rooms: Sequence[Room], searches: int) -> list[Room]:
    return [rooms[number % len(rooms)] for number in range(searches)]


def _drawn(rooms: Sequence[Room], searches: int) -> list[Room]:
    weights = [1 / place for place in range(1, len(rooms) + 1)]
    return Random(1).choices(rooms, weights, k=searches)  # noqa: S311 - of a measurement
