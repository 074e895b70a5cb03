"""A conversation for each way to erase; `make bench-erase` has more, and live rooms."""

import json
import subprocess
import sys

import pytest

from testbed.program import ROOT


@pytest.mark.timeout(600)
def test_what_was_erased_is_found_nowhere_and_what_was_not_is_found_everywhere() -> None:
    words = ["--scenes", "1", "--crowd", "120", "--queries", "3", "--no-livekit", "--plant"]
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.erase", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    # The seed repeats a run that failed.
    assert run.returncode == 0, run.stderr[-5000:]
    figures = json.loads(run.stdout.splitlines()[-1])
    assert figures["canaries"] > 300
    assert figures["kept"] == figures["kept_expected"] > 100
    # A look that finds nothing at all proves nothing.
    assert figures["left_until_scrub"] > 0
    assert figures["planted_found"] == figures["planted"] > 10
    faults = ("found", "not_seen_before", "rows_of_erased")
    assert {fault: figures[fault] for fault in faults} == dict.fromkeys(faults, 0)
