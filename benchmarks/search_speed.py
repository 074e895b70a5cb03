"""Compares the search's processor time with alternatives, by room size; then measures it whole.

    python -m benchmarks.search_speed [--sizes 1000,10000] [--data messages.jsonl.gz]

Times of the comparison are milliseconds of processor time of database and this process, without the
query's embedding: wall time depends on what else runs on the machine. Whole searches go through
HTTP to backends and have their embedding: benchmarks/whole_search. What the second wall costs of a
search: benchmarks/search_wall.

Backends with rooms in memory stand beside others without, whose figures begin with `sql_`. The run
fails if an answer from memory differs from the database's, and if memory never answers.
JSON is the last line.

One part with --only: `compared`, `wall`, `whole`, `differences` (the same questions of both, while
the room is written to, corrected and erased) or `load` (beside writes and a backfill, with two
backends, with more rooms than memory has room for). Rooms of 100,000 and of a million messages take
minutes to hours to fill: --sizes 100000 --only whole.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.search_compared import measure_compared
from benchmarks.search_wall import measure_wall
from benchmarks.whole_search.differences.measure import measure_differences
from benchmarks.whole_search.load.measure import measure_load
from benchmarks.whole_search.measure import measure_whole

SIZES = "1000,10000"
WHOLE_SIZES = "1000,3000,10000"
DIFFERENCES_SIZES = "300,3000"
LOAD_SIZES = "3000"
PARTS = ["compared", "wall", "whole", "differences", "load"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", help=f"messages in each room ({SIZES}; whole: {WHOLE_SIZES})")
    parser.add_argument("--data", type=Path, help="real messages as JSON lines, gzipped or not")
    parser.add_argument("--questions", type=int, default=60, help="per room")
    parser.add_argument(
        "--without-hnsw", action="store_true", help="skip the index that takes minutes"
    )
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--at-once", type=int, default=160, help="whole searches per load")
    parser.add_argument("--rooms", type=int, default=20, help="that talk, of which few fit")
    figures = asyncio.run(_parts(parser.parse_args()))
    print(json.dumps(figures))
    sys.exit("; ".join(faults(figures)) or None)


def faults(figures: Mapping[str, Any]) -> Iterator[str]:
    """Of rooms in memory, in words."""
    if figures.get("differences"):
        yield f"{figures['differences']} answers from memory differ from the database's"
    if "backends" in figures and figures["backends"]["two"]["unseen"]:
        yield "what was written through one backend was not found at once through the other"


async def _parts(arguments: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    if arguments.only in {None, "compared"}:
        figures |= await measure_compared(
            _sizes(arguments.sizes or SIZES),
            data=arguments.data,
            questions=arguments.questions,
            hnsw=not arguments.without_hnsw,
        )
    if arguments.only in {None, "wall"}:
        sizes = _sizes(arguments.sizes or WHOLE_SIZES)
        figures["wall"] = await measure_wall(
            sizes, data=arguments.data, questions=arguments.questions
        )
    if arguments.only in {None, "whole"}:
        figures |= await measure_whole(
            _sizes(arguments.sizes or WHOLE_SIZES),
            data=arguments.data,
            alone=arguments.questions,
            at_once=arguments.at_once,
        )
    if arguments.only in {None, "differences"}:
        figures |= await measure_differences(
            _sizes(arguments.sizes or DIFFERENCES_SIZES),
            data=arguments.data,
            asked=arguments.questions,
        )
    if arguments.only in {None, "load"}:
        figures |= await measure_load(
            _sizes(arguments.sizes or LOAD_SIZES)[0],
            data=arguments.data,
            rooms=arguments.rooms,
            searches=arguments.at_once,
        )
    return figures


def _sizes(written: str) -> list[int]:
    return [int(size) for size in written.split(",")]


if __name__ == "__main__":
    main()
