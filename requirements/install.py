"""Brings .venv to one set of pinned requirements: `install.py run` or `install.py test`.

The standard library is all it may use. It changes nothing when the set is already there, is safe
to run from several makes at once, and starts again after an interrupted installation.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
SIZES = {"run": "about 300 MB to download", "test": "about 2.7 GB to download, most of it torch"}
# A set that holds all of another one makes that one's installation unnecessary.
CONTAINED_IN = {"run": ("run", "test"), "test": ("test",)}


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or arguments[0] not in SIZES:
        sys.exit("usage: install.py run|test")
    wanted = arguments[0]
    with _one_at_a_time():
        if not any(_stamp(name).is_file() for name in CONTAINED_IN[wanted]):
            _install(wanted)


def _install(wanted: str) -> None:
    started = time.monotonic()
    _say(f"installing requirements/{wanted}.txt into .venv ({SIZES[wanted]}) ...")
    for old in VENV.glob(".installed-*"):
        old.unlink()
    if not _usable():
        _create_venv()
    locked = str(ROOT / "requirements" / f"{wanted}.txt")
    _pip("--require-hashes", "--no-deps", "--requirement", locked)
    _pip("--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    _stamp(wanted).touch()
    _say(f"installed in {time.monotonic() - started:.0f} s")


def _usable() -> bool:
    """Whether .venv runs and was made here: the programs of a moved one point to its old place."""
    made_by = VENV / "pyvenv.cfg"
    made_here = made_by.is_file() and str(VENV) in made_by.read_text(encoding="utf-8")
    return made_here and _runs([str(PYTHON), "-m", "pip", "--version"])


def _create_venv() -> None:
    if not _runs([sys.executable, "-m", "venv", "--clear", str(VENV)], show=True):
        sys.exit(
            "longroom: could not create .venv; on Debian and Ubuntu the module for it is a "
            "package of its own: apt-get install python3-venv"
        )


def _pip(*arguments: str) -> None:
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if not _runs([*pip, *arguments], show=True):
        sys.exit("longroom: the installation failed for the reason above; run make again to retry")


def _runs(command: list[str], *, show: bool = False) -> bool:
    quiet = None if show else subprocess.DEVNULL
    try:
        done = subprocess.run(  # noqa: S603  # our own commands only
            command, stdin=subprocess.DEVNULL, stdout=quiet, stderr=quiet, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


def _stamp(name: str) -> Path:
    """The file that says that this very set is installed: its name changes with every input."""
    digest = hashlib.sha256(str(ROOT).encode())
    for source in (ROOT / "requirements" / f"{name}.txt", ROOT / "pyproject.toml"):
        digest.update(source.read_bytes())
    return VENV / f".installed-{name}-{digest.hexdigest()[:16]}"


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    lock_path = ROOT / ".cache" / "install.lock"
    lock_path.parent.mkdir(exist_ok=True)
    with lock_path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another make is installing; waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    os.write(sys.stderr.fileno(), f"longroom: {text}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1:])
