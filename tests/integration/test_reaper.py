"""What a killed test run leaves behind ends with it."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from testbed.reaper import MARK
from tests.support.command_line import ROOT

RUN = """
import os, subprocess, sys, time
from testbed.reaper import MARK, reaped_run
with reaped_run():
    marked = {MARK: os.environ[MARK], "PATH": os.environ["PATH"]}
    children = [subprocess.Popen(["sleep", "600"], env=env) for env in (marked, {})]
    print(*(child.pid for child in children), flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_has_the_mark_of_a_run_that_was_ended_is_killed(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if name != MARK},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        # Who runs the tests in the background has Ctrl-C ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as run:
        assert run.stdout is not None
        marked, other = (psutil.Process(int(pid)) for pid in run.stdout.readline().split())
        run.send_signal(number)
    try:
        psutil.wait_procs([marked], timeout=30)
        assert not marked.is_running()
        assert other.is_running()
    finally:
        other.kill()
