"""The backend as a real process on a free port."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from testbed.forked_program import PIPE, ForkedProgram
from testbed.reaper import MARK

ROOT = Path(__file__).parents[1]
READY = "ready "
START_S = 180
STOP_S = 20


class BackendProcess:
    """`python -m backend_stub`, or `longroom backend` without DATABASE_URL in `env`.
    `env` is its whole environment, but for PATH. Leaving the context kills it.
    `forked` spares the interpreter's start and the imports; `program` is another module to run.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        *arguments: str,
        forked: bool = False,
        program: Sequence[str] = (),
    ) -> None:
        self._log: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed in __exit__
        served = ["backend_stub"] if "DATABASE_URL" in env else ["longroom", "backend"]
        words = [*(program or served), "--exit-with-parent", *arguments]
        kept = {name: os.environ[name] for name in ("PATH", MARK) if name in os.environ}
        whole = {**kept, "BACKEND_PORT": "0", **env}
        start = _fork if forked else _start
        self.process = start(words, whole, self._log.fileno())

    def __enter__(self) -> "BackendProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        self.process.wait()
        self._log.close()

    def url(self) -> str:
        """Blocks until it answers; raises RuntimeError with its log if it does not in START_S."""
        too_late = threading.Timer(START_S, self.process.kill)
        too_late.start()
        try:
            said = self._stdout.readline().strip()
        finally:
            too_late.cancel()
        if not said.startswith(READY):
            raise RuntimeError(f"the backend did not start: {said!r}\n{self.log()[-3000:]}")
        return said.removeprefix(READY)

    def rest_of_output(self) -> str:
        return self._stdout.read()

    def log(self) -> str:
        self._log.seek(0)
        return self._log.read()

    def stop(self) -> int:
        """Close its standard input, which ends it; returns the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(STOP_S)

    @property
    def _stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout


@contextmanager
def running_backend(env: Mapping[str, str], *arguments: str, forked: bool = False) -> Iterator[str]:
    with BackendProcess(env, *arguments, forked=forked) as backend:
        yield backend.url()
        backend.stop()


def _start(words: list[str], env: Mapping[str, str], log: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


def _fork(words: list[str], env: Mapping[str, str], log: int) -> ForkedProgram:
    return ForkedProgram(
        words[0], words[1:], env=env, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=log
    )
