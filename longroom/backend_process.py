"""Runs a backend as a child process if no URL is given."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from longroom.embedded_postgres.start_steps import PATIENCE_S, Step, untold
from longroom.errors import CommandFailed, ConfigurationError
from longroom.log_file import log_file

INSTALLATION = Path(__file__).parents[1]
READY = "ready "
STEP = "step "
"""Begins a line about what the start is at."""
REFUSED = "longroom: "
START_S = 180.0  # a database that recovers from a crash may need most of it
STOP_S = 20.0
POLL_S = 0.03


@contextmanager
def running_backend(
    url: str | None,
    *,
    data_dir: Path,
    say: Callable[[str], None],
    port: int = 0,
    env: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """`url`, or that of a backend that runs for the block; `say` gets short notes for the wait.
    `env` is added to its environment.
    Raises CommandError with the last line of the log if it does not start.
    """
    if url:
        yield url.rstrip("/")
        return
    log = log_file(data_dir, "backend.log")
    say("starting the backend …")
    with log.open("ab") as output:
        written = output.tell()
        child = _start(data_dir, output.fileno(), port, env or {})
    try:
        yield _wait_until_ready(child, log, written, say if sys.stderr.isatty() else untold)
    finally:
        _stop(child)


def _start(
    data_dir: Path, output: int, port: int, env: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    # --exit-with-parent and a pipe as standard input: the child ends when this process does, also
    # by kill -9. start_new_session: the terminal's Ctrl-C does not reach the child.
    # -P and PYTHONPATH: this installation, not a folder of that name in the current one.
    command = [
        sys.executable,
        "-P",
        "-m",
        "longroom",
        "backend",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    settings = {"LONGROOM_DATA_DIR": str(data_dir.resolve()), "PYTHONPATH": str(INSTALLATION)}
    return subprocess.Popen(  # noqa: S603 - our own program, no shell
        [*command, "--exit-with-parent", "--tell-steps"],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        env={**os.environ, **env, **settings},
        start_new_session=True,
    )


def _wait_until_ready(child: subprocess.Popen[bytes], log: Path, written: int, step: Step) -> str:
    started = time.monotonic()
    told = ""
    while True:
        ended = child.poll() is not None  # before reading the log: it is complete then
        lines = _lines(log, written)
        for line in lines:
            if line.startswith(READY):
                return line.removeprefix(READY).strip()
        at_hand = next((one for one in reversed(lines) if one.startswith(STEP)), "")
        if at_hand != told and time.monotonic() > started + PATIENCE_S:
            step(at_hand.removeprefix(STEP) + " …")
            told = at_hand
        if ended or time.monotonic() > started + START_S:
            last = next((line for line in reversed(lines) if line.strip()), "it said nothing")
            what = "ended" if ended else f"was not ready after {START_S:g} s"
            # It ends with 1 where settings are right, as where a database refuses its login.
            kind = CommandFailed if child.returncode == 1 else ConfigurationError
            said = last.removeprefix(REFUSED).removeprefix(STEP)
            raise kind(f"the backend {what}: {said} (log: {log})")
        time.sleep(POLL_S)


def _lines(log: Path, written: int) -> list[str]:
    with log.open("rb") as file:
        file.seek(written)
        whole = file.read().rpartition(b"\n")[0]
    return whole.decode(errors="replace").splitlines()


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.stdin:
        child.stdin.close()
    for send in (None, signal.SIGTERM, signal.SIGKILL):
        if send is not None:
            child.send_signal(send)
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            continue
        return
