"""Agent processes: started quickly or under another clock, and sent signals."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.kill.agent import Spec
from testbed.forked_program import ForkedProgram
from testbed.program import ROOT
from testbed.shifted_clock import faketime_library, shifted

MODULE = "benchmarks.kill.agent"


@dataclass
class AgentProcess:
    spec: Spec
    machine: int
    pid: int
    ended: Callable[[], bool]

    def send(self, signum: signal.Signals) -> None:
        """Harmless if it has ended."""
        if not self.ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signum)


def start_agent(spec: Spec, *, machine: int, log: Path, clock_shift_h: float = 0.0) -> AgentProcess:
    """Forked from a process with its imports; under another clock, if faketime is installed."""
    library = faketime_library() if clock_shift_h else None
    arguments = [json.dumps(asdict(spec))]
    env = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
    with log.open("ab") as written:
        if library is None:
            forked = ForkedProgram(
                MODULE,
                arguments,
                env=env,
                cwd=ROOT,
                stdin=None,
                stdout=written.fileno(),
                stderr=written.fileno(),
            )
            return AgentProcess(spec, machine, forked.pid, lambda: forked.poll() is not None)
        env |= shifted(library, by_s=3600 * clock_shift_h)
        command = [sys.executable, "-m", MODULE, *arguments]
        started = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=written, stderr=written
        )
    return AgentProcess(spec, machine, started.pid, lambda: started.poll() is not None)
