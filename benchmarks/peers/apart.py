"""Runs a peer whose requirements conflict with ours in a separate environment."""

import os
import subprocess
from pathlib import Path

from benchmarks.peers.job import Job, Outcome

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".cache" / "peers" / "bin" / "python"
NOWHERE = "http://127.0.0.1:9"


class PeersMissing(Exception):
    """The peers are not installed."""


def rank(peer: str, job: Job) -> Outcome:
    """Without network access. Raises PeersMissing."""
    if not PYTHON.is_file():
        raise PeersMissing("the peers are not installed; `make bench-recall` installs them")
    done = subprocess.run(
        [str(PYTHON), "-m", "benchmarks.peers", peer],
        input=job.to_json(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "ALL_PROXY": NOWHERE},
    )
    return Outcome.from_json(done.stdout)
