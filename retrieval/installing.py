"""What installs a package that is missing: Longroom comes from its own files."""

import shlex
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1]
PROGRAMS = "-r requirements/run.txt"
"""All that our programs need: what `make run` installs. It is complete: what one of its
packages requires beyond it is torch."""


def programs_installed() -> str:
    return _pip(f"--no-deps {PROGRAMS}")


def extra_installed(extra: str) -> str:
    """For one that `make run` does not install."""
    return _pip(f"'.[{extra}]'")


def _pip(what: str) -> str:
    # By name: `pip` on the PATH may be another Python's.
    command = f"{shlex.quote(sys.executable)} -m pip install {what}"
    if (SOURCE / "requirements" / "run.txt").is_file():
        return f"cd {shlex.quote(str(SOURCE))} && {command}"
    return f"in the folder of Longroom's source: {command}"
