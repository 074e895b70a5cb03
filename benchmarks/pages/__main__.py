"""How soon the backend's pages show something, in a real Chromium.

`inspect_first_paint_ms`: from asking for the page of a long room to its first content (the
browser's own first-contentful-paint). `trace_open_ms`: from the click on a turn to its trace.
Fifty screens of the long room are scrolled up, ten a second: `scroll_frame_p99_ms` and
`scroll_frame_worst_ms` are its slow frames, `scroll_wait_ms` how long the reader saw the end of
what was loaded. `first_answer_ms`: from being in a new room, where the first question is asked at
once, to the first words of the answer of an agent that is sent there meanwhile; its language model
answers at once. Medians.

`axe_violations` are what axe finds on these pages and the list of rooms, each at desktop and phone
width, light and dark; `foreign_requests` all that went to another host.

Prints progress on standard error and one JSON object as the last line of standard output.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.pages.inspecting import Inspected, inspect
from benchmarks.pages.joining import Joined, join
from testbed.browser import chromium, find_chromium
from testbed.livekit_server import HOW_TO_GET, LiveKitServer, find_binary
from testbed.livekit_stack import running_stack
from testbed.postgres import create_database, running_server


def figures(inspected: Inspected, joined: Joined, *, messages: int) -> dict[str, float]:
    return {
        "inspect_first_paint_ms": _median(inspected.first_paints_ms),
        "trace_open_ms": _median(inspected.traces_ms),
        "scroll_frame_p99_ms": _median([p99(one.frames_ms) for one in inspected.scrolled]),
        "scroll_frame_worst_ms": _median([max(one.frames_ms) for one in inspected.scrolled]),
        "scroll_wait_ms": _median([one.waits_ms for one in inspected.scrolled]),
        "first_answer_ms": _median(joined.first_answers_ms),
        "axe_violations": len(inspected.faults) + len(joined.faults),
        "foreign_requests": len(inspected.foreign) + len(joined.foreign),
        "messages": messages,
        "times": len(joined.first_answers_ms),
    }


async def measure(folder: Path, binary: Path, *, messages: int, times: int) -> dict[str, float]:
    livekit = LiveKitServer(binary, folder)
    livekit.start()
    try:
        with running_server() as postgres:
            database = postgres.database_url(await create_database(postgres))
            async with (
                chromium() as browser,
                running_stack(livekit, database_url=database, directory=folder) as stack,
            ):
                joined = await join(browser, stack, times=times)
                print(f"rooms: {joined}", file=sys.stderr)
                inspected = await inspect(
                    browser, stack.backend_url, database, messages=messages, times=times
                )
                print(f"inspector: {inspected}", file=sys.stderr)
    finally:
        livekit.stop()
    return figures(inspected, joined, messages=messages)


def p99(values: Sequence[float]) -> float:
    return sorted(values)[int(0.99 * (len(values) - 1))]


def _median(values: Sequence[float]) -> float:
    return round(median(values), 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000, help="of the long room")
    parser.add_argument("--times", type=int, default=10, help="measurements of each figure")
    arguments = parser.parse_args()
    binary = find_binary()
    if binary is None:
        raise SystemExit(HOW_TO_GET)
    if find_chromium() is None:
        raise SystemExit("needs Chromium: install it, so that `chromium` is found")
    with tempfile.TemporaryDirectory() as name:
        measured = measure(Path(name), binary, messages=arguments.messages, times=arguments.times)
        print(json.dumps(asyncio.run(measured)))


if __name__ == "__main__":
    main()
