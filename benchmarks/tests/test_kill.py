"""Twenty attacks on rooms that talk, with real processes; `make bench-kill` makes a thousand."""

import json
import subprocess
import sys

import pytest

from testbed.program import ROOT


@pytest.mark.timeout(600)
def test_twenty_attacks_lose_double_reorder_cross_and_block_nothing() -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.kill",
            "--kills",
            "20",
            "--rooms",
            "3",
            "--livekit",
            "0",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    # The seed repeats a run that failed.
    assert run.returncode == 0, run.stderr[-5000:]
    figures = json.loads(run.stdout.splitlines()[-1])
    assert figures["accepted"] > figures["kills"] == 20
    faults = ("lost", "doubled", "reordered", "crossed", "stuck")
    assert {fault: figures[fault] for fault in faults} == dict.fromkeys(faults, 0)
