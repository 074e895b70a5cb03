"""Runs a memory in its own environment, step by step, and kills it while it is handed messages."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.spoken.__main__ import HANDED, OUTCOME
from benchmarks.peers.spoken.memory import Job

ROOT = Path(__file__).resolve().parents[3]
ENVIRONMENTS = ROOT / ".cache"
NOWHERE = "http://127.0.0.1:9"
LOCAL = "127.0.0.1,localhost"


class PeerMissing(Exception):
    """Its environment is not there."""


class PeerFailed(Exception):
    """The message ends with what it wrote last."""


@dataclass(frozen=True)
class Outcome:
    version: str
    value: Any


def program(memory: str, name: str = "python") -> Path:
    """Of the memory's environment. Raises PeerMissing."""
    if memory == "ours":
        return Path(sys.executable)
    path = ENVIRONMENTS / f"peers-{memory}" / "bin" / name
    if not path.is_file():
        raise PeerMissing("not installed; `make bench-turn` installs it")
    return path


def environment() -> Mapping[str, str]:
    """Nothing but this machine can be reached."""
    proxies = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "ALL_PROXY": NOWHERE}
    return os.environ | proxies | {"NO_PROXY": LOCAL, "no_proxy": LOCAL}


def run_program(memory: str, name: str, *arguments: str, env: Mapping[str, str]) -> None:
    """One of the environment's own. Raises PeerMissing or PeerFailed."""
    done = subprocess.run(
        [str(program(memory, name)), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**environment(), **env},
    )
    if done.returncode != 0:
        raise PeerFailed(f"{memory}, {name}: {done.stderr[-2000:]}")


def run_step(memory: str, step: str, job: Job) -> Outcome:
    """Blocks until it is done. Raises PeerMissing or PeerFailed."""
    with _started(memory, step) as process:
        said, complained = process.communicate(job.to_json())
    for line in said.splitlines():
        if line.startswith(OUTCOME):
            given = json.loads(line.removeprefix(OUTCOME))
            return Outcome(given["version"], given["outcome"])
    raise PeerFailed(f"{memory}, {step}: {complained[-2000:]}")


def kill_when_handed(memory: str, job: Job, after_s: float) -> None:
    """Blocks until it was handed the last exchange and, `after_s` later, is dead.

    Raises PeerMissing or PeerFailed.
    """
    with _started(memory, "hand", errors=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(job.to_json())
        process.stdin.close()
        handed = 0
        while handed < len(job.exchanges):
            line = process.stdout.readline()
            if not line:
                raise PeerFailed(f"{memory}, hand: ended after {handed} exchanges")
            handed += line.strip() == HANDED
        time.sleep(after_s)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)


def _started(memory: str, step: str, *, errors: int = subprocess.PIPE) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [str(program(memory)), "-m", "benchmarks.peers.spoken", memory, step],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
        env=environment(),
    )
