"""A program that runs for a block, with its output in a log, and ends with this process."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from longroom.errors import ConfigurationError

INSTALLATION = Path(__file__).parents[2]
OURS = "longroom: "
"""What our command writes before an error: one who reads it here started another one of ours."""
POLL_S = 0.05
AFTER_GRACE_S = 5.0


class ChildProcess:
    """`name` is what people call it."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def wait_for(self, line_part: str, *, written: int, within_s: float) -> None:
        """In what it has logged since. Raises ConfigurationError with its last line."""
        deadline = time.monotonic() + within_s
        while True:
            ended = self.has_ended
            with self.log.open("rb") as file:
                file.seek(written)
                said = file.read().decode(errors="replace")
            if line_part in said:
                return
            if ended or time.monotonic() > deadline:
                what = "ended" if ended else f"was not ready after {within_s:g} s"
                last = next((one for one in reversed(said.splitlines()) if one.strip()), "")
                reason = last.removeprefix(OURS)
                raise ConfigurationError(f"the {self.name} {what}: {reason} (log: {self.log})")
            time.sleep(POLL_S)

    def stop(self, grace_s: float) -> None:
        """SIGTERM for the program, then SIGKILL, by its guard; at last for the guard itself."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(grace_s + AFTER_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()


@contextmanager
def child_process(
    name: str,
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    log: Path,
    ready: str,
    start_s: float,
    grace_s: float,
) -> Iterator[ChildProcess]:
    """Once it has logged `ready`. `env` is added to ours. Raises ConfigurationError."""
    with log.open("ab") as output:
        written = output.tell()
        guard = [sys.executable, "-P", "-m", "longroom.local_room.guard", str(grace_s)]
        process = subprocess.Popen(  # noqa: S603  # our own programs, no shell
            [*guard, *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": str(INSTALLATION), **env},
            start_new_session=True,  # the terminal's Ctrl-C does not reach it
        )
    child = ChildProcess(name, process, log)
    try:
        child.wait_for(ready, written=written, within_s=start_s)
        yield child
    finally:
        child.stop(grace_s)
