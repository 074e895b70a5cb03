"""A guide's commands, typed in order in one shell, and what the guide says that they print."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from longroom.embedded_postgres.programs import installed_programs
from testbed.reaper import MARK

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"^```(?P<kind>sh|python)\n(?P<typed>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """`printed` is None where the guide shows no output."""

    kind: str
    typed: str
    printed: str | None


def blocks_of(guide: Path) -> list[Block]:
    text = guide.read_text(encoding="utf-8")
    return [Block(**found.groupdict()) for found in FENCE.finditer(text)]


def prints(shown: str, output: str) -> bool:
    """`…` stands for anything: in a line for its rest or part, alone for any number of lines."""
    lines = [
        r"(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in shown.strip().splitlines()
    ]
    return re.fullmatch("".join(lines), output.strip() + "\n") is not None


class Terminal:
    """In a folder with the examples. What a block exports, later blocks have.

    `meant` has what is put in place of names that the guide's reader has on their machine.
    """

    def __init__(self, folder: Path, *, env: Mapping[str, str], meant: Mapping[str, str]) -> None:
        (folder / "examples").symlink_to(ROOT / "examples")
        self._folder = folder
        self._meant = meant
        # This checkout's commands first; psql of the tests' PostgreSQL if there is no other.
        programs = [str(Path(sys.executable).parent), os.environ["PATH"]]
        path = os.pathsep.join([*programs, str(installed_programs().folder)])
        kept = {name: os.environ[name] for name in ("LANG", MARK) if name in os.environ}
        own = {"PATH": path, "HOME": str(folder), "PYTHONPATH": str(ROOT)}
        self._env = {**kept, **own, "PYTHONUNBUFFERED": "1", **env}
        self._exports = folder / "exports.sh"
        self._exports.touch()

    def type(self, block: Block) -> str:
        """What it prints on standard output. Fails if a command of it does."""
        typed = self._as_here(block.typed)
        if block.kind == "python":
            (self._folder / "typed.py").write_text(typed)
            typed = "python typed.py\n"
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", self._script(typed)],
            cwd=self._folder,
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{block.typed}\n{done.stdout}\n{done.stderr}"
        # psql goes on behind a statement that fails, and ends with 0.
        assert "ERROR" not in done.stderr, f"{block.typed}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def running(self, block: Block, *, log: Path) -> Iterator[None]:
        """What the guide starts in a terminal of its own."""
        script = f"source {self._exports}\n{self._as_here(block.typed)}"
        with log.open("ab") as output:
            process = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self._folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield
            assert process.poll() is None, log.read_text()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)

    def exported(self, name: str) -> str:
        return self.type(Block("sh", f'printf %s "${name}"\n', None))

    def _script(self, typed: str) -> str:
        return f"source {self._exports}\n{typed}export -p > {self._exports}\n"

    def _as_here(self, typed: str) -> str:
        for name, here in self._meant.items():
            typed = typed.replace(name, here)
        return typed
