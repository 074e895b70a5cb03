"""Whether every accepted message survives: rooms talk while everything around them is attacked.

Real agents, each in a process with its real outbox, a real backend and a real PostgreSQL. A random
part is killed, stopped, terminated, cut off, its disk filled, its clock shifted. At the end what
was accepted is compared with what is stored and with what the language model was shown. With a
LiveKit server, real rooms of a whole worker are attacked after that.

Prints progress on standard error and one JSON object as the last line of standard output; exits
with 1 if anything was lost, doubled, reordered, crossed or stuck. The same --seed draws the same
attacks; the moments still differ a little.
"""

import argparse
import asyncio
import json
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console

from agent.backend_client import BackendClient
from agent.outbox.files import folder as outbox_folder
from agent.outbox.files import open_path
from agent.outbox.metrics import OutboxMetrics
from agent.outbox.recovery import recover
from benchmarks.kill import livekit_rooms
from benchmarks.kill.attacks import KINDS
from benchmarks.kill.ledger import Figures, audit
from benchmarks.kill.room import MACHINES, Room, stuck_of
from benchmarks.kill.services import Services
from longroom.progress import ProgressBars
from retrieval.wire import MAX_PAGE_MESSAGES, Message
from testbed.livekit_server import HOW_TO_GET, find_binary

RECOVER_S = 30.0
FAULTS = ("lost", "doubled", "reordered", "crossed")


def main() -> None:
    arguments = _arguments()
    print(f"seed {arguments.seed}", file=sys.stderr)
    folder = Path(tempfile.mkdtemp(prefix="longroom-kill-"))
    try:
        result = asyncio.run(_run(arguments, folder))
        if arguments.keep:
            shutil.copytree(
                folder / "logs",
                arguments.keep,
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns("*.socket"),
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result))
    sys.exit(any(result[name] for name in (*FAULTS, "stuck")))


async def _run(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    began_at = time.monotonic()
    binary = find_binary()
    if arguments.livekit is None:
        arguments.livekit = arguments.kills // 20
    if binary is None and arguments.livekit:
        print(f"without real rooms: {HOW_TO_GET}", file=sys.stderr)
    logs = folder / "logs"
    logs.mkdir()
    kinds: Counter[str] = Counter()
    async with Services(folder) as services:
        rooms = [
            Room(
                number,
                services=services,
                random=Random(f"{arguments.seed}/{number}"),  # noqa: S311  # guards nothing
                logs=logs,
            )
            for number in range(arguments.rooms)
        ]
        await asyncio.gather(*(room.open() for room in rooms))
        bars = ProgressBars(Console(stderr=True), transient=False)
        with bars.step("attacks", arguments.kills) as done:
            shares = [arguments.kills // len(rooms)] * len(rooms)
            shares[0] += arguments.kills % len(rooms)
            await asyncio.gather(
                *(
                    _attack(room, share, kinds, done)
                    for room, share in zip(rooms, shares, strict=True)
                )
            )
        await asyncio.gather(*(room.close() for room in rooms))
        figures, left = await _compare(rooms, services)
        stuck = [*stuck_of(rooms), *services.stuck, *left]
        if binary is not None and arguments.livekit:
            with bars.step("attacks on LiveKit's agents", arguments.livekit) as done:
                stuck += await _attack_livekit(
                    binary, services, arguments, folder, figures=figures, kinds=kinds, done=done
                )
    _tell(figures, stuck)
    return {
        "kills": kinds.total(),
        "accepted": figures.accepted,
        **{name: len(getattr(figures, name)) for name in FAULTS},
        "stuck": len(stuck),
        "late": figures.late,
        "kinds": dict(kinds),
        "rooms": len(rooms),
        "seed": arguments.seed,
        "wall_s": round(time.monotonic() - began_at, 1),
    }


async def _attack(
    room: Room, times: int, kinds: Counter[str], done: Callable[[int], object]
) -> None:
    for _ in range(times):
        (kind,) = room.random.choices(KINDS, [kind.weight for kind in KINDS])
        await kind.attack(room)
        await room.answers_again(kind.name)
        kinds[kind.name] += 1
        done(1)
        await asyncio.sleep(room.random.uniform(0.0, 0.5))


async def _attack_livekit(
    binary: Path,
    services: Services,
    arguments: argparse.Namespace,
    folder: Path,
    *,
    figures: Figures,
    kinds: Counter[str],
    done: Callable[[int], object],
) -> list[str]:
    """Adds to `figures` and `kinds`; returns what stayed stuck."""
    directory = folder / "livekit"
    directory.mkdir()
    async with livekit_rooms.talking_rooms(
        binary, services, folder=directory, seed=arguments.seed
    ) as (stack, rooms):
        stuck = await livekit_rooms.attack(
            stack, rooms, services, times=arguments.livekit, kinds=kinds, done=done
        )
        stuck += await _emptied(directory / "agent", stack.backend, "LiveKit's agents")
        for room in rooms:
            arrived = await _conversation(stack.backend, room.room.name)
            figures.add(audit(room.ledger, _as_said(arrived), arrived))
    return stuck


async def _emptied(data_dir: Path, client: BackendClient, whose: str) -> list[str]:
    """What is still in outboxes after they had their time."""
    await recover(data_dir, client=client, timeout_s=RECOVER_S)
    left: list[str] = []
    for path in sorted(outbox_folder(data_dir).glob("*.sqlite3")):
        file = open_path(path, OutboxMetrics())
        if file is None or file.count():
            left.append(f"outbox {path.name} of {whose}")
        if file is not None:
            # A second answer to a question is refused and kept; what a person said must be stored.
            print(f"{whose} keeps dead letters: {file.dead_letters()}", file=sys.stderr)
            file.close()
    return left


async def _compare(rooms: list[Room], services: Services) -> tuple[Figures, list[str]]:
    """Also what is still in outboxes."""
    figures = Figures()
    left: list[str] = []
    async with aclosing(BackendClient(services.url, timeout_s=30)) as client:
        for room in rooms:
            for machine in range(MACHINES):
                left += await _emptied(room.data_dir(machine), client, room.name)
            arrived = await _conversation(client, room.name)
            figures.add(audit(room.ledger, _as_said(arrived), arrived))
    return figures, left


def _as_said(arrived: list[Message]) -> list[Message]:
    return sorted(arrived, key=lambda message: (message.created_at, message.seq))


async def _conversation(client: BackendClient, room: str) -> list[Message]:
    conversation_id = (await client.create_room(room)).conversation_id
    messages: list[Message] = []
    while True:
        page = await client.get_recent_messages(
            conversation_id,
            limit=MAX_PAGE_MESSAGES,
            after=messages[-1].seq if messages else 0,
        )
        messages += page.messages
        if len(page.messages) < MAX_PAGE_MESSAGES:
            return messages


def _tell(figures: Figures, stuck: list[str]) -> None:
    for name in FAULTS:
        for which in getattr(figures, name):
            print(f"{name}: {which}", file=sys.stderr)
    for which in stuck:
        print(f"stuck: {which}", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kill",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=1000, help="attacks in all (default 1000)")
    parser.add_argument(
        "--livekit",
        type=int,
        metavar="N",
        help="attacks on agents in real rooms, added to --kills (default: a twentieth of them)",
    )
    parser.add_argument("--rooms", type=int, default=4, help="rooms that talk at once (default 4)")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**6), help="repeats a run's attacks"
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the agents' logs there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
