"""Starts agent processes, quickly or under another clock, and sends them signals."""

import contextlib
import multiprocessing
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

from benchmarks.kill.agent import Spec, as_arguments, run
from testbed.program import ROOT


def faketime_library() -> str | None:
    """Preloaded here, since the program `faketime` would be a process of its own, to be killed."""
    program = shutil.which("faketime")
    if program is None:
        return None
    command = [program, "-f", "+0h", "printenv", "LD_PRELOAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@dataclass
class AgentProcess:
    spec: Spec
    machine: int
    started: "BaseProcess | subprocess.Popen[bytes]"

    def send(self, signum: signal.Signals) -> None:
        """Harmless if it has ended."""
        pid = self.started.pid
        if pid is not None and self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)

    def is_alive(self) -> bool:
        if isinstance(self.started, subprocess.Popen):
            return self.started.poll() is None
        return self.started.is_alive()


class AgentStarter:
    """Forks from a process that has imported what an agent needs: 0.1 s instead of 2 s."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._faketime = faketime_library()
        self._context.set_forkserver_preload(["benchmarks.kill.agent", "agent.llm.factory"])

    @property
    def shifts_clocks(self) -> bool:
        return self._faketime is not None

    def start(self, spec: Spec, *, machine: int, clock_shift_h: float = 0.0) -> AgentProcess:
        """Raises RuntimeError for a shift where faketime is not installed."""
        if not clock_shift_h:
            process = self._context.Process(target=run, args=(spec,), daemon=True)
            process.start()
            return AgentProcess(spec, machine, process)
        if self._faketime is None:
            raise RuntimeError("faketime is not installed")
        env = {**os.environ, "LD_PRELOAD": self._faketime, "FAKETIME": f"{clock_shift_h:+g}h"}
        return AgentProcess(spec, machine, subprocess.Popen(as_arguments(spec), cwd=ROOT, env=env))
