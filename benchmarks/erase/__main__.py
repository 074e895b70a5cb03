"""Whether what was erased is gone: canaries are written everywhere, erased, and looked for.

Real agents in real rooms, a real backend that is killed amid erasures, a real PostgreSQL. Before
erasing, each canary must be found where it was written: no look may be blind.

Prints progress on standard error and one JSON object as the last line of standard output; exits
with 1 if a canary was found, if one that was to stay is gone, or if one was not found before.
"""

import argparse
import asyncio
import json
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.erase.run import Plan, run
from testbed.livekit_server import HOW_TO_GET, find_binary


def main() -> None:
    arguments = _arguments()
    print(f"seed {arguments.seed}", file=sys.stderr)
    binary = None if arguments.no_livekit else find_binary()
    if binary is None and not arguments.no_livekit:
        print(f"without live rooms: {HOW_TO_GET}", file=sys.stderr)
    plan = Plan(
        arguments.seed,
        scenes=arguments.scenes,
        crowd=arguments.crowd,
        queries=arguments.queries,
        livekit=binary,
        planted=arguments.plant,
    )
    folder = Path(tempfile.mkdtemp(prefix="longroom-erase-"))
    try:
        result = asyncio.run(run(plan, folder))
    finally:
        if arguments.keep:
            shutil.copytree(folder / "logs", arguments.keep, dirs_exist_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(result))
    faults = ("found", "not_seen_before", "rows_of_erased")
    pairs = (("kept", "kept_expected"), ("planted_found", "planted"))
    sys.exit(
        any(result[one] for one in faults) or any(result[one] != result[of] for one, of in pairs)
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.erase",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--scenes", type=int, default=2, help="conversations for each way to erase (default 2)"
    )
    parser.add_argument(
        "--crowd", type=int, default=300, help="messages amid which a backend is killed"
    )
    parser.add_argument(
        "--queries", type=int, default=20, help="searches for canaries in each conversation"
    )
    parser.add_argument("--no-livekit", action="store_true", help="without live rooms")
    parser.add_argument(
        "--plant", action="store_true", help="canaries that nothing erases, which must be found"
    )
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the logs there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
