"""How many text rooms a worker serves at one turn per room every ten seconds, and their memory.

The number of rooms doubles until the p95 time to the first word is twice that of the first step,
memory runs out, or --max-rooms is reached; then the middle of the last good and the first bad
number is tried. A step over the limit is repeated once. Users, language model, backend, database
and LiveKit server run on the same machine and are part of the load.

Prints progress on standard error and one JSON object as the last line of standard output.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from testbed.livekit_server import HOW_TO_GET, LiveKitServer, find_binary
from testbed.livekit_stack import OpenRoom, Stack, agent_pids, running_stack
from testbed.postgres import create_database, running_server

TURN_EVERY_S = 10.0
MIN_TURNS_OF_A_STEP = 64
MIN_FREE_MB = 1_024
OPENED_AT_ONCE = 4
SPECIFIED_ROOMS = (20, 30)
SPECIFIED_CPUS = 4
SPECIFIED_MEMORY_GB = 8


class Rooms:
    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.open: list[OpenRoom] = []

    async def resize(self, size: int) -> None:
        for room in self.open[size:]:
            await self._stack.close(room)
        del self.open[size:]
        while len(self.open) < size:
            count = min(OPENED_AT_ONCE, size - len(self.open))
            new = (self._stack.open_room("alice") for _ in range(count))
            self.open += await asyncio.gather(*new)

    async def measure_step(self, *, turns: int) -> dict[str, Any]:
        """Runs at least `turns` turns in each room."""
        first_word_ms: list[float] = []
        turns = max(turns, -(-MIN_TURNS_OF_A_STEP // len(self.open)))
        await asyncio.gather(
            *(ask_regularly(room, turns=turns, first_word_ms=first_word_ms) for room in self.open)
        )
        p50, p95 = np.percentile(first_word_ms, [50, 95])
        step = {
            "rooms": len(self.open),
            "turns": len(first_word_ms),
            "first_word_ms": {"p50": round(float(p50), 1), "p95": round(float(p95), 1)},
            **weigh(self._stack, self.open),
        }
        print(step, file=sys.stderr)
        return step


async def ask_regularly(room: OpenRoom, *, turns: int, first_word_ms: list[float]) -> None:
    """A user's questions from a random moment on; appends the time to each first word."""
    user = room.users[0]
    await asyncio.sleep(random.uniform(0, TURN_EVERY_S))  # noqa: S311  # spreads the load
    for number in range(turns):
        began_at = time.monotonic()
        turn = await user.ask(f"What about subject {number} in this room?", timeout_s=60)
        first = [answer.first_at for answer in turn.answers if answer.first_at]
        if first:
            first_word_ms.append((first[0] - turn.sent_at) * 1000)
        user.answers.clear()
        await asyncio.sleep(max(0.0, TURN_EVERY_S - (time.monotonic() - began_at)))


def weigh(stack: Stack, rooms: Sequence[OpenRoom]) -> dict[str, float]:
    """Mean memory of the rooms' processes: private (USS) and with shared parts (PSS)."""
    processes = [psutil.Process(agent_pids(stack.worker, room.name)[-1]) for room in rooms]
    memory = [process.memory_full_info() for process in processes]
    return {
        "private_mb_per_room": round(float(np.mean([m.uss for m in memory])) / 2**20, 1),
        "memory_mb_per_room": round(float(np.mean([m.pss for m in memory])) / 2**20, 1),
    }


async def measure(stack: Stack, *, first: int, max_rooms: int, turns: int) -> dict[str, Any]:
    rooms = Rooms(stack)
    await rooms.resize(first)
    steps = [await rooms.measure_step(turns=turns)]
    limit_ms = 2 * steps[0]["first_word_ms"]["p95"]

    async def holds(size: int) -> bool:
        await rooms.resize(size)
        for _ in range(2):
            steps.append(await rooms.measure_step(turns=turns))
            if steps[-1]["first_word_ms"]["p95"] <= limit_ms:
                return True
        return False

    good, ended_by = first, f"--max-rooms {max_rooms}"
    while good < max_rooms:
        size = min(2 * good, max_rooms)
        if _free_mb() - (size - good) * steps[-1]["memory_mb_per_room"] < MIN_FREE_MB:
            ended_by = "memory"
            break
        if not await holds(size):
            ended_by = "time to the first word"
            middle = (good + size) // 2
            good = middle if await holds(middle) else good
            break
        good = size
    return _result(steps, good=good, ended_by=ended_by)


def _result(steps: Sequence[dict[str, Any]], *, good: int, ended_by: str) -> dict[str, Any]:
    best = next(step for step in reversed(steps) if step["rooms"] == good)
    cpus = psutil.cpu_count() or 1
    return {
        "rooms": good,
        "limit_reached": not ended_by.startswith("--"),
        "ended_by": ended_by,
        "memory_mb_per_room": best["memory_mb_per_room"],
        "private_mb_per_room": best["private_mb_per_room"],
        "cpus": cpus,
        "rooms_per_cpu": round(good / cpus, 1),
        "specification": {
            "rooms": SPECIFIED_ROOMS,
            "cpus": SPECIFIED_CPUS,
            "memory_gb": SPECIFIED_MEMORY_GB,
            "rooms_per_cpu": [rooms / SPECIFIED_CPUS for rooms in SPECIFIED_ROOMS],
            "memory_mb_per_room": [
                round(SPECIFIED_MEMORY_GB * 1024 / rooms) for rooms in SPECIFIED_ROOMS
            ],
        },
        "steps": list(steps),
    }


def _free_mb() -> float:
    return float(psutil.virtual_memory().available) / 2**20


@asynccontextmanager
async def whole_stack(worker_env: Mapping[str, str] | None = None) -> AsyncIterator[Stack]:
    """LiveKit, database, backend and worker; exits if there is no LiveKit server."""
    binary = find_binary()
    if binary is None:
        sys.exit(HOW_TO_GET)
    with tempfile.TemporaryDirectory() as name, running_server() as postgres:
        server = LiveKitServer(binary, Path(name))
        server.start()
        try:
            url = postgres.database_url(await create_database(postgres))
            async with running_stack(
                server, database_url=url, directory=Path(name), worker_env=worker_env
            ) as stack:
                yield stack
        finally:
            server.stop()


async def weigh_text_rooms(count: int, *, after_turns: Sequence[int]) -> list[dict[str, float]]:
    """Memory of `count` rooms of one worker after each number of turns (ascending)."""
    weights: list[dict[str, float]] = []
    async with whole_stack() as stack:
        rooms = [await stack.open_room("alice") for _ in range(count)]
        for number in range(after_turns[-1]):
            for room in rooms:
                await room.users[0].ask(f"What about subject {number}?", timeout_s=60)
            if number + 1 in after_turns:
                weights.append(weigh(stack, rooms))
    return weights


async def main(arguments: argparse.Namespace) -> None:
    async with whole_stack({"AGENT_MAX_ROOMS": str(arguments.max_rooms)}) as stack:
        result = await measure(
            stack, first=arguments.first, max_rooms=arguments.max_rooms, turns=arguments.turns
        )
    print(json.dumps(result))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=8, help="rooms of the first step")
    parser.add_argument("--max-rooms", type=int, default=128, help="go no further than this")
    parser.add_argument("--turns", type=int, default=4, help="turns of each room in each step")
    asyncio.run(main(parser.parse_args()))
