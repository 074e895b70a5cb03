"""Our backend as a real process, on a free port and a database of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
READY = "ready "
STOP_S = 20


@contextmanager
def backend_process(env: Mapping[str, str], *arguments: str) -> Iterator[str]:
    """Start it, give its URL once it answers, and end it by closing its standard input."""
    with tempfile.TemporaryFile("w+") as log, start_backend(env, *arguments, log=log) as process:
        assert process.stdout is not None
        said = process.stdout.readline().strip()
        if not said.startswith(READY):
            process.kill()
            log.seek(0)
            raise RuntimeError(f"the backend did not start: {said!r}\n{log.read()[-3000:]}")
        try:
            yield said.removeprefix(READY)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(STOP_S)


def start_backend(
    env: Mapping[str, str], *arguments: str, log: "int | object" = subprocess.PIPE
) -> subprocess.Popen[str]:
    """The process alone, its environment only what is given; it ends with its standard input."""
    return subprocess.Popen(
        [sys.executable, "-m", "backend_stub", "--exit-with-parent", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "BACKEND_PORT": "0", **env},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,  # type: ignore[arg-type]  # a file or PIPE
        text=True,
    )
