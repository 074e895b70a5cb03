"""How many text rooms a worker holds at one turn per room each ten seconds, and what one weighs.

Rooms are added in steps. The worker's limit is the last step before the p95 time to the first word
is twice that of the first step. People, language model, backend, database and LiveKit server run on
the same machine and are part of the load.

Prints progress on standard error and one JSON object as the last line of standard output.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from tests.livekit_server import HOW_TO_GET, LiveKitServer, find_binary
from tests.livekit_stack import OpenRoom, Stack, agent_pids, running_stack
from tests.postgres import create_database, running_server

TURN_EVERY_S = 10.0
SPECIFIED = {"rooms": [20, 30], "cpus": 4, "memory_gb": 8}


async def ask_regularly(room: OpenRoom, *, turns: int, first_word_ms: list[float]) -> None:
    """One person's questions at random phases; notes how long each first word took."""
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


async def step(rooms: Sequence[OpenRoom], *, turns: int) -> dict[str, Any]:
    """All rooms talk for a while."""
    first_word_ms: list[float] = []
    await asyncio.gather(
        *(ask_regularly(room, turns=turns, first_word_ms=first_word_ms) for room in rooms)
    )
    p50, p95 = np.percentile(first_word_ms, [50, 95])
    return {
        "rooms": len(rooms),
        "turns": len(first_word_ms),
        "first_word_ms": {"p50": round(float(p50), 1), "p95": round(float(p95), 1)},
    }


def weigh(stack: Stack, rooms: Sequence[OpenRoom]) -> dict[str, float]:
    """Memory of the rooms' processes that nothing else shares, and in fair parts."""
    processes = [psutil.Process(agent_pids(stack.worker, room.name)[-1]) for room in rooms]
    memory = [process.memory_full_info() for process in processes]
    return {
        "private_mb_per_room": round(float(np.mean([m.uss for m in memory])) / 2**20, 1),
        "memory_mb_per_room": round(float(np.mean([m.pss for m in memory])) / 2**20, 1),
    }


async def measure(stack: Stack, *, sizes: Sequence[int], turns: int) -> dict[str, Any]:
    rooms: list[OpenRoom] = []
    steps: list[dict[str, Any]] = []
    for size in sizes:
        while len(rooms) < size:
            rooms.append(await stack.open_room("alice"))
        steps.append({**await step(rooms, turns=turns), **weigh(stack, rooms)})
        print(steps[-1], file=sys.stderr)
        if steps[-1]["first_word_ms"]["p95"] > 2 * steps[0]["first_word_ms"]["p95"]:
            break
    good = [s for s in steps if s["first_word_ms"]["p95"] <= 2 * steps[0]["first_word_ms"]["p95"]]
    return {
        "rooms": good[-1]["rooms"],
        "limit_reached": len(good) < len(steps),
        "memory_mb_per_room": good[-1]["memory_mb_per_room"],
        "private_mb_per_room": good[-1]["private_mb_per_room"],
        "cpus": psutil.cpu_count(),
        "rooms_in_specification": SPECIFIED,
        "steps": steps,
    }


@asynccontextmanager
async def whole_stack() -> AsyncIterator[Stack]:
    """LiveKit, database, backend and worker; ends the program where there is no LiveKit server."""
    binary = find_binary()
    if binary is None:
        sys.exit(HOW_TO_GET)
    with tempfile.TemporaryDirectory() as name, running_server() as postgres:
        server = LiveKitServer(binary, Path(name))
        server.start()
        try:
            url = postgres.database_url(await create_database(postgres))
            async with running_stack(server, database_url=url, directory=Path(name)) as stack:
                yield stack
        finally:
            server.stop()


async def weigh_text_rooms(count: int, *, turns: int) -> dict[str, float]:
    """What each of so many rooms of one worker weighs after some turns."""
    async with whole_stack() as stack:
        rooms = [await stack.open_room("alice") for _ in range(count)]
        for number in range(turns):
            for room in rooms:
                await room.users[0].ask(f"What about subject {number}?", timeout_s=60)
        return weigh(stack, rooms)


async def main(arguments: argparse.Namespace) -> None:
    async with whole_stack() as stack:
        print(json.dumps(await measure(stack, sizes=arguments.sizes, turns=arguments.turns)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 16, 24, 32, 40])
    parser.add_argument("--turns", type=int, default=4, help="turns of each room in each step")
    asyncio.run(main(parser.parse_args()))
