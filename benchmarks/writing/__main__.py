"""Whether what people really write is found: marks, numbers, slips, days, the newest of many, …

    python -m benchmarks.writing [--kinds marks,days] [--seed 2] [--rows 20] [--show-misses]

A kind has sub-kinds: messages that differ only in an invented name or number, each asked for once,
in one way of writing; its control is the same in plain writing. Questions written by hand about two
messy chats come with them. Everything goes through the HTTP API of a backend with an embedded
database and the real embedding model. Prints progress and a table on standard error and one JSON
object as the last line of standard output.
"""

import argparse
import asyncio
import json
import sys
import time
from contextlib import aclosing
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console

from agent.backend_client import BackendClient
from benchmarks.writing import questions
from benchmarks.writing.figures import (
    kind_figures,
    misses,
    question_figures,
    summary,
    without_sub_kinds,
    worst_share,
)
from benchmarks.writing.kinds import KINDS
from benchmarks.writing.rooms import Rooms
from benchmarks.writing.trial import Draw
from longroom.progress import ProgressBars
from testbed.backend_process import BackendProcess
from testbed.postgres import create_database, running_server

QUESTIONS = "questions"
"""By hand, beside the generated kinds."""
ALL = [*KINDS, QUESTIONS]
TIMEOUT_S = 120.0
WIDTH = 110


def main() -> None:
    arguments = _arguments()
    console = Console(stderr=True, width=None if sys.stderr.isatty() else WIDTH)
    result = asyncio.run(_run(arguments, console))
    console.print(summary(result["kinds"]))
    for chat, by_hand in result["questions"].items():
        console.print(f"questions by hand, {chat}: {by_hand}")
    if arguments.summary:
        result["kinds"] = {name: without_sub_kinds(kind) for name, kind in result["kinds"].items()}
    text = json.dumps(result, ensure_ascii=False)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    print(text)


async def _run(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    with running_server() as postgres:
        database = postgres.database_url(await create_database(postgres))
        with BackendProcess({"DATABASE_URL": database}) as backend:
            client = BackendClient(backend.url(), timeout_s=TIMEOUT_S)
            async with aclosing(client):
                return await _measure(arguments, client, console)


async def _measure(
    arguments: argparse.Namespace, client: BackendClient, console: Console
) -> dict[str, Any]:
    started = time.monotonic()
    now = datetime.now(UTC)
    draw = Draw(str(arguments.seed), arguments.rows, now)
    sub_kinds = {name: KINDS[name](draw) for name in arguments.kinds if name != QUESTIONS}
    by_hand = questions.rows(draw) if QUESTIONS in arguments.kinds else {}
    rows = [
        row for subs in sub_kinds.values() for sub in subs for row in (*sub.rows, *sub.controls)
    ]
    rooms = Rooms(client, ProgressBars(console, transient=False), now=now)
    answers = await rooms.ask([*rows, *chain.from_iterable(by_hand.values())])
    kinds = {name: kind_figures(subs, answers) for name, subs in sub_kinds.items()}
    if arguments.show_misses:
        named = [(sub.name, row) for subs in sub_kinds.values() for sub in subs for row in sub.rows]
        named += [(chat, row) for chat, asked in by_hand.items() for row in asked]
        print("\n".join(misses(named, answers)), file=sys.stderr)
    return {
        "kinds": kinds,
        "questions": {chat: question_figures(asked, answers) for chat, asked in by_hand.items()},
        "worst_share": worst_share(kinds),
        "seed": arguments.seed,
        "wall_s": round(time.monotonic() - started, 1),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", type=_kinds, default=ALL, help=", ".join(ALL))
    parser.add_argument("--seed", type=int, default=1, help="other names, numbers and sentences")
    parser.add_argument("--rows", type=int, default=20, help="messages of a sub-kind")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result there, too")
    parser.add_argument("--show-misses", action="store_true", help="print what was not found")
    parser.add_argument(
        "--summary", action="store_true", help="no sub-kinds in the JSON: for benchmarks.record"
    )
    return parser.parse_args()


def _kinds(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in ALL]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
    return names


if __name__ == "__main__":
    main()
