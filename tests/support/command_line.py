"""The `longroom` command as a process, without the settings of this environment."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from testbed.forked_program import PIPE, ForkedProgram, run_forked
from testbed.reaper import MARK

ROOT = Path(__file__).parents[2]
MODULE = "longroom"


@dataclass(frozen=True)
class CommandLine:
    """Runs `longroom` on a data folder; `env` may name a backend or a database."""

    data_dir: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        inherited = ("PATH", "HOME", "LANG", MARK)
        kept = {name: os.environ[name] for name in inherited if name in os.environ}
        settings = {"LONGROOM_DATA_DIR": str(self.data_dir), "AGENT_RECALL_TIMEOUT_S": "5"}
        return {**kept, "PYTHONUNBUFFERED": "1", **settings, **self.env}

    def run(
        self,
        *arguments: str,
        text: str = "",
        timeout_s: float = 90.0,
        closed_input: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """`text` is its standard input, which `closed_input` closes before it starts."""
        return run_forked(
            MODULE,
            arguments,
            env=self.environment,
            cwd=ROOT,
            text=None if closed_input else text,
            timeout_s=timeout_s,
        )

    def run_interpreter(
        self, *arguments: str, timeout_s: float = 90.0
    ) -> subprocess.CompletedProcess[str]:
        """As a user starts it, without input. `run` leaves out Python's start and imports."""
        return subprocess.run(
            [sys.executable, "-m", MODULE, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self.environment,
            timeout=timeout_s,
            check=False,
        )

    def start(self, *arguments: str, output: Path) -> ForkedProgram:
        """Its standard input is a pipe; stdout and stderr go to `output`."""
        with output.open("ab") as file:
            return ForkedProgram(
                MODULE,
                arguments,
                env=self.environment,
                cwd=ROOT,
                stdin=PIPE,
                stdout=file.fileno(),
                stderr=file.fileno(),
            )
