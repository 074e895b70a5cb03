"""The `longroom` command as a process, without the settings of this environment."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "longroom"]


@dataclass(frozen=True)
class CommandLine:
    """Runs `longroom` on a data folder; `env` may name a backend or a database."""

    data_dir: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
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
        return subprocess.run(
            [*PROGRAM, *arguments],
            input=text,
            preexec_fn=(lambda: os.close(0)) if closed_input else None,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=self.environment,
            timeout=timeout_s,
            check=False,
        )

    def start(self, *arguments: str, output: Path) -> subprocess.Popen[str]:
        """Its standard input is a pipe; stdout and stderr go to `output`."""
        with output.open("ab") as file:
            return subprocess.Popen(
                [*PROGRAM, *arguments],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                text=True,
                cwd=ROOT,
                env=self.environment,
            )
