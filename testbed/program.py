"""A Python module as a real process, with its output in a file."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from testbed.forked_program import ForkedProgram
from testbed.reaper import MARK

ROOT = Path(__file__).parents[1]


class Program:
    """`python -m …` in the project's root. Of our environment it gets PATH, HOME and LANG only.

    `forked` spares the interpreter's start and the imports.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        forked: bool = False,
    ) -> None:
        self._arguments = arguments
        self._log = log
        self._forked = forked
        self._env = {
            **{
                name: os.environ[name]
                for name in ("PATH", "HOME", "LANG", MARK)
                if name in os.environ
            },
            "PYTHONUNBUFFERED": "1",
            "PYTHONFAULTHANDLER": "1",
            **env,
        }
        self._process: subprocess.Popen[bytes] | ForkedProgram | None = None

    @property
    def process(self) -> subprocess.Popen[bytes] | ForkedProgram:
        if self._process is None:
            raise RuntimeError("not started")
        return self._process

    @property
    def output(self) -> str:
        """Standard output and error of all runs so far."""
        return self._log.read_text() if self._log.exists() else ""

    def start(self, *, until: str, timeout_s: float = 120.0) -> str:
        """Blocks until this run writes a line with `until`; returns that line."""
        before = self.output.count(until)
        self._process = self._launch()
        deadline = time.monotonic() + timeout_s
        while self.output.count(until) <= before:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self._arguments} did not start:\n{self.output[-3000:]}")
            time.sleep(0.05)
        return next(line for line in reversed(self.output.splitlines()) if until in line)

    def run(self, timeout_s: float = 120.0) -> int:
        self._process = self._launch()
        return self.wait(timeout_s)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout_s: float = 120.0) -> int:
        """The exit code. Raises RuntimeError with the stack of a program that does not end."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)  # PYTHONFAULTHANDLER writes its stacks
            self.process.wait(10)
            raise RuntimeError(
                f"{self._arguments} did not end within {timeout_s:g} s:\n{self.output[-6000:]}"
            ) from None

    def kill(self) -> None:
        """SIGKILL; harmless if it has ended already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)

    def _launch(self) -> subprocess.Popen[bytes] | ForkedProgram:
        with self._log.open("ab") as log, open(os.devnull) as nothing:
            if self._forked:
                return ForkedProgram(
                    self._arguments[0],
                    self._arguments[1:],
                    env=self._env,
                    cwd=ROOT,
                    stdin=nothing.fileno(),
                    stdout=log.fileno(),
                    stderr=log.fileno(),
                )
            return subprocess.Popen(
                [sys.executable, "-m", *self._arguments],
                cwd=ROOT,
                env=self._env,
                stdin=nothing,
                stdout=log,
                stderr=log,
            )
