"""Brings .venv to one set of pinned requirements: `install.py run` or `install.py test`.

`install.py peers` makes an environment of its own for what benchmarks compare us with: mem0 wants
an older protobuf than LiveKit. `peers-voicemem` and `peers-hindsight` are two more, for memories
of LiveKit agents: one wants an older LiveKit, and they do not fit together.

The standard library is all it may use. It changes nothing when the set is already there, is safe
to run from several makes at once, and starts again after an interrupted installation.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENVS = {
    "run": ROOT / ".venv",
    "test": ROOT / ".venv",
    "peers": ROOT / ".cache" / "peers",
    "peers-voicemem": ROOT / ".cache" / "peers-voicemem",
    "peers-hindsight": ROOT / ".cache" / "peers-hindsight",
}
SIZES = {
    "run": "about 300 MB to download",
    "test": "about 2.7 GB to download, most of it torch",
    "peers": "about 60 MB to download",
    "peers-voicemem": "about 150 MB to download",
    "peers-hindsight": "about 200 MB to download",
}
PINNED = re.compile(r"^[a-z0-9._-]+==", re.MULTILINE)
TOLD_EVERY_S = 5.0
# A set that holds all of another one makes that one's installation unnecessary.
CONTAINED_IN = {name: (name,) for name in VENVS} | {"run": ("run", "test")}


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or arguments[0] not in SIZES:
        sys.exit(f"usage: install.py {'|'.join(SIZES)}")
    wanted = arguments[0]
    with _one_at_a_time():
        if not any(_stamp(name).is_file() for name in CONTAINED_IN[wanted]):
            _install(wanted)


def _install(wanted: str) -> None:
    started = time.monotonic()
    venv = VENVS[wanted]
    shown = venv.relative_to(ROOT)
    _say(f"installing requirements/{wanted}.txt into {shown} ({SIZES[wanted]}) ...")
    for old in venv.glob(".installed-*"):
        old.unlink()
    if not _usable(venv):
        _create_venv(venv)
    locked = ROOT / "requirements" / f"{wanted}.txt"
    pinned = len(PINNED.findall(locked.read_text(encoding="utf-8")))
    _pip(venv, "--require-hashes", "--no-deps", "--requirement", str(locked), packages=pinned)
    if venv == VENVS["run"]:
        _pip(venv, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    _stamp(wanted).touch()
    _say(f"installed in {time.monotonic() - started:.0f} s")


def _usable(venv: Path) -> bool:
    """Whether it runs and was made here: the programs of a moved one point to its old place."""
    made_by = venv / "pyvenv.cfg"
    made_here = made_by.is_file() and str(venv) in made_by.read_text(encoding="utf-8")
    return made_here and _runs([str(_python(venv)), "-m", "pip", "--version"])


def _create_venv(venv: Path) -> None:
    if not _runs([sys.executable, "-m", "venv", "--clear", str(venv)], show=True):
        sys.exit(
            f"longroom: could not create {venv.name}; on Debian and Ubuntu the module for it is a "
            "package of its own: apt-get install python3-venv"
        )


def _pip(venv: Path, *arguments: str, packages: int = 0) -> None:
    pip = [str(_python(venv)), "-m", "pip", "--disable-pip-version-check", "install"]
    progress = Progress(venv, packages)
    with subprocess.Popen(  # noqa: S603  # our own commands only
        [*pip, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        text=True,
    ) as process:
        reader = threading.Thread(target=progress.follow, args=[process.stdout], daemon=True)
        reader.start()
        while reader.is_alive():
            reader.join(TOLD_EVERY_S)
            progress.tell()
    if process.returncode != 0:
        sys.exit("longroom: the installation failed for the reason above; run make again to retry")


class Progress:
    """How far pip is, from what it prints and from what is in the environment.

    Its own lines name the package index, so they are not shown.
    """

    def __init__(self, venv: Path, packages: int) -> None:
        self._venv = venv
        self._packages = packages
        self._before = self._folders()
        self._fetched = 0
        self._installing = False
        self._name = ""
        self._told = ""

    def follow(self, lines: Iterable[str]) -> None:
        for line in lines:
            word, _, rest = line.partition(" ")
            if word == "Ignoring":  # it is for another platform
                self._packages -= 1
            elif word in ("Collecting", "Requirement"):
                self._fetched += 1
                self._name = rest.removeprefix("already satisfied: ").partition("==")[0]
            elif word == "Installing":
                self._installing = True
                self._packages = rest.count(",") + 1

    def tell(self) -> None:
        """Say it if there is news."""
        done, name = self._installed() if self._installing else (self._fetched, self._name)
        doing = "installing" if self._installing else "fetching"
        told = f"{doing} {done} of {self._packages}: {name}"
        if name and told != self._told and done <= self._packages:
            self._told = told
            _say(told)

    def _installed(self) -> tuple[int, str]:
        """How many packages are new since the start, and the last one's name."""
        new = self._folders() - self._before
        return len(new), max(new)[1] if new else ""

    def _folders(self) -> set[tuple[float, str]]:
        """When each package was written, and its name."""
        found = set()
        for folder in self._venv.glob("lib/python*/site-packages/*.dist-info"):
            with suppress(OSError):  # removed meanwhile
                found.add((folder.stat().st_mtime, folder.name.partition("-")[0]))
        return found


def _python(venv: Path) -> Path:
    return venv / "bin" / "python"


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
    return VENVS[name] / f".installed-{name}-{digest.hexdigest()[:16]}"


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
