"""What an agent of one's own needs for a memory, and what it has then.

Counts the lines by which `remembering_agent.py` differs from `plain_agent.py`, and runs both in
real rooms: whether a fact is in the prompt that was said 200 messages before, also after a handoff
to another agent; whether a question is answered whose agent is killed with SIGKILL; and in what
share of spoken turns the reply that was begun before their end was used (preemptive generation).

Prints progress on standard error and one JSON object as the last line of standard output.
"""

import argparse
import asyncio
import difflib
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.adopt.visit import Figures, Visit
from testbed.livekit_server import HOW_TO_GET, LiveKitServer, find_binary
from testbed.livekit_stack import REGISTERED, Stack, running_stack
from testbed.postgres import create_database, running_server
from testbed.program import ROOT, Program

HERE = Path(__file__).parent
LATER = 200


@dataclass(frozen=True)
class Adoption:
    added_lines: int
    with_memory: Figures
    without: Figures

    def as_json(self) -> str:
        return json.dumps(
            {"added_lines": self.added_lines}
            | asdict(self.with_memory)
            | {"without_memory": asdict(self.without)}
        )


def added_lines() -> int:
    return len(changed_lines())


def changed_lines() -> list[str]:
    """Lines of code that are new, or changed."""
    plain, remembering = (
        [line for line in (HERE / f"{name}_agent.py").read_text().splitlines() if line.strip()][1:]
        for name in ("plain", "remembering")
    )
    return [line[2:] for line in difflib.ndiff(plain, remembering) if line.startswith("+ ")]


@asynccontextmanager
async def running_agent(stack: Stack, name: str) -> AsyncIterator[Program]:
    env = {
        "OPENAI_BASE_URL": stack.model.url,
        "PYTHONPATH": str(ROOT),
        "LONGROOM_DATA_DIR": str(stack.directory / name),
    }
    arguments = (f"benchmarks.adopt.{name}_agent", "start")
    worker = stack.another_worker(name, env, arguments=arguments, forked=False)
    await asyncio.to_thread(worker.start, until=REGISTERED)
    try:
        yield worker
    finally:
        worker.kill()


async def visit(stack: Stack, name: str, turns: int) -> Figures:
    async with running_agent(stack, name) as worker:
        return await Visit(stack, worker, agent_name=name, later=LATER).figures(turns)


async def measure(livekit: LiveKitServer, folder: Path, turns: int) -> Adoption:
    with running_server() as postgres:
        database = postgres.database_url(await create_database(postgres))
        async with running_stack(livekit, database_url=database, directory=folder) as stack:
            without = await visit(stack, "plain", turns)
            print(f"without memory: {without}", file=sys.stderr)
            with_memory = await visit(stack, "remembering", turns)
            print(f"with memory: {with_memory}", file=sys.stderr)
    return Adoption(added_lines(), with_memory, without)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=20, help="spoken turns of each agent")
    arguments = parser.parse_args()
    binary = find_binary()
    if binary is None:
        raise SystemExit(HOW_TO_GET)
    with tempfile.TemporaryDirectory() as name:
        livekit = LiveKitServer(binary, Path(name))
        livekit.start()
        try:
            print(asyncio.run(measure(livekit, Path(name), arguments.turns)).as_json())
        finally:
            livekit.stop()


if __name__ == "__main__":
    main()
