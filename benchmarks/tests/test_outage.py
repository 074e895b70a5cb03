"""A LiveKit server that is away longer than clients try; `make bench-failover` has twenty rooms."""

import json
import subprocess
import sys

import pytest

from testbed.livekit_server import HOW_TO_GET, find_binary
from testbed.program import ROOT


@pytest.mark.timeout(300)
def test_rooms_have_one_agent_each_after_an_outage_and_each_question_one_answer() -> None:
    if find_binary() is None:
        pytest.skip(HOW_TO_GET)
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.outage", "--rooms", "3", "--down-s", "30"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-5000:]
    figures = json.loads(run.stdout.splitlines()[-1])
    assert (figures["rooms"], figures["asked"]) == (3, 9)
    faults = ("unanswered", "answered_twice", "ghosts")
    assert {fault: figures[fault] for fault in faults} == dict.fromkeys(faults, 0)
