"""Kills what a test run has left behind once it ends, also when it was interrupted or killed."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

MARK = "LONGROOM_TEST_RUN"  # in the environment of every process of a run
PASSES = 5  # what is started while others are killed


@contextmanager
def reaped_run() -> Iterator[None]:
    """Processes that are started within, and have MARK in their environment, end with this one."""
    mark = os.environ[MARK] = secrets.token_hex(8)
    reaper = subprocess.Popen(
        [sys.executable, "-m", "testbed.reaper", mark],
        cwd=Path(__file__).parents[1],
        env={name: value for name, value in os.environ.items() if name != MARK},
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C must reach the tests only
    )
    with reaper:
        yield
        del os.environ[MARK]


def reap(mark: str) -> None:
    for _ in range(PASSES):
        left = [process for process in psutil.process_iter() if _is_marked(process, mark)]
        for process in left:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        if not left:
            return


def _is_marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark
    except psutil.Error:
        return False


def main() -> None:
    sys.stdin.read()
    reap(sys.argv[1])


if __name__ == "__main__":
    main()
