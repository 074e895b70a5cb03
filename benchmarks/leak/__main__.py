"""`python -m benchmarks.leak`: probes a backend with every credential for another's words.

The last line is JSON: `probes`, and `leaks`, `server_errors`, `unanswered`, which should be 0.
"""

import argparse
import asyncio
import json
import secrets
import sys
from collections.abc import Sequence

from benchmarks.leak.credentials import TOKEN_SECRET
from benchmarks.leak.judge import Findings
from benchmarks.leak.run import probe_backend
from benchmarks.leak.world import SERVICE_KEY, World
from testbed.backend_process import BackendProcess
from testbed.postgres import create_database, running_server

NO_LIMITS = ("KEY", "TOKEN", "CONVERSATION")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.leak", description=__doc__)
    parser.add_argument(
        "--probes", type=int, default=10_000, help="about so many, drawn at random; 0: all"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    options = parser.parse_args(arguments)
    findings = asyncio.run(measure(most=options.probes, seed=options.seed))
    for told in findings.told:
        print(told, file=sys.stderr)
    figures = ("probes", "leaks", "server_errors", "unanswered")
    print(json.dumps({name: getattr(findings, name) for name in figures}))
    return 0 if findings.clean else 1


async def measure(*, most: int, seed: int) -> Findings:
    with running_server(in_memory=True) as server:
        name = await create_database(server, template=server.template)
        database_url = server.database_url(name)
        with BackendProcess(environment(database_url)) as backend:
            url = await asyncio.to_thread(backend.url)
            world = World(url, database_url, salt=secrets.token_hex(4))
            await world.fill()
            findings = await probe_backend(world, most=most, seed=seed)
            backend.stop()
    return findings


def environment(database_url: str) -> dict[str, str]:
    """Without limits of requests: they would answer in the place of what is probed."""
    return {
        "DATABASE_URL": database_url,
        "BACKEND_SERVICE_KEY": SERVICE_KEY,
        "BACKEND_TOKEN_SECRET": TOKEN_SECRET,
        "BACKEND_METRICS": "key",
        "BACKEND_DOCS": "key",
        "BACKEND_KEEP_EDITS": "true",
        **{
            f"BACKEND_{whose}_{unit}": "0"
            for whose in NO_LIMITS
            for unit in ("REQUESTS_S", "BYTES_S")
        },
    }


if __name__ == "__main__":
    sys.exit(main())
