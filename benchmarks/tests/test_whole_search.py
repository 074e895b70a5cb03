"""`make bench-search` measures searches over HTTP, and tells each step of one."""

import asyncio
import importlib
import json
import subprocess
import sys
import time

import numpy as np
import pytest

from benchmarks.cpu_clock import process_ms
from benchmarks.whole_search.profile import in_order
from benchmarks.whole_search.profiled_backend import FUNCTIONS, METHODS
from benchmarks.whole_search.stopwatch import Stopwatch
from benchmarks.whole_search.vector_arm import recall
from testbed.program import ROOT

CONTEXT = "statement context_and_news"
"""The one that a search of a room in memory needs."""


def test_a_step_leaves_out_the_steps_inside_it() -> None:
    stopwatch = Stopwatch()

    async def inner() -> None:
        await asyncio.sleep(0)
        until = time.thread_time() + 0.05
        while time.thread_time() < until:
            pass

    measured = stopwatch.measure("inner", inner)

    async def outer() -> None:
        await measured()
        await asyncio.create_task(measured())

    stopwatch.begin()
    asyncio.run(stopwatch.measure("outer", outer)())

    (steps,) = stopwatch.requests
    assert [(name, step.depth, step.calls) for name, step in steps.items()] == [
        ("outer", 0, 1),
        ("inner", 1, 2),
    ]
    assert steps["inner"].backend >= 100
    assert steps["outer"].backend < 50


def test_each_request_has_steps_of_its_own() -> None:
    stopwatch = Stopwatch()
    work = stopwatch.measure("work", lambda: None)

    for _ in range(2):
        stopwatch.begin()
        work()

    assert [steps["work"].calls for steps in stopwatch.requests] == [1, 1]


def test_steps_of_some_searches_stand_where_they_happen() -> None:
    step = {"calls": 1.0}
    requests = [{"a": step, "c": step}, {"a": step, "b": step, "c": step, "d": step}]

    assert in_order(requests) == ["a", "b", "c", "d"]


def test_a_process_clock_counts_its_threads() -> None:
    spin = (
        "import threading, time\n"
        "def spin():\n while time.thread_time() < 0.3: pass\n"
        "thread = threading.Thread(target=spin); thread.start(); thread.join()\n"
        "print(flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", spin], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        assert process_ms(process.pid) >= 300
        process.stdin.write(b"\n")


def test_of_what_was_said_twice_either_is_found() -> None:
    rows = np.zeros((30, 4), dtype=np.float32)
    rows[:, 0] = np.linspace(0.1, 0.9, 30)
    rows[19] = rows[20]  # the tenth best, twice
    seqs = np.arange(1, 31)
    query = np.array([1, 0, 0, 0], dtype=np.float32)

    assert recall([*range(22, 31), 20], seqs, rows, query) == 1.0
    assert recall([*range(22, 31), 21], seqs, rows, query) == 1.0
    assert recall([*range(22, 31), 19], seqs, rows, query) == 0.9


@pytest.mark.timeout(250)
def test_whole_searches_are_measured_and_every_layer_and_statement_has_a_name() -> None:
    small = ["--only", "whole", "--sizes", "40", "--questions", "4", "--at-once", "8"]
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.search_speed", *small],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )

    assert run.returncode == 0, run.stderr[-5000:]
    figures = json.loads(run.stdout.splitlines()[-1])
    whole = figures["whole"]["40"]
    assert whole["ratio_to_embedding"] > 1
    assert whole["sql_ratio_to_embedding"] > 1
    assert whole["from_memory"] == 1.0
    assert whole["filled_wall_ms"] > 0
    assert whole["health_cpu_ms"] > 0.1
    assert figures["vector"]["40"]["ratio_to_numpy"] > 0
    assert figures["off_topic_recall"] == figures["sql_off_topic_recall"] == 1.0
    steps = figures["profile 40"]
    named = {"layer: departures", "key check", CONTEXT, "memory: facts and cosines", "rank"}
    assert named <= steps.keys()
    assert steps[CONTEXT]["database_cpu_ms"] > 0
    assert steps["embedding: model in its thread"]["cpu_ms"] > 0
    # What has no name is the rest, neither most of it nor counted twice.
    rest, searched = steps["outside of all steps"]["cpu_ms"], steps["whole search"]["cpu_ms"]
    assert abs(rest) < searched / 4


def test_every_step_of_ours_is_there_to_be_measured() -> None:
    places = [*METHODS, *FUNCTIONS]
    ours = [place for place in places if place.startswith(("backend_stub", "retrieval"))]

    assert len(ours) > 50
    assert [place for place in ours if not _exists(place)] == []


def _exists(place: str) -> bool:
    module, _, path = place.partition(":")
    found: object = importlib.import_module(module)
    for name in path.split("."):
        found = vars(found).get(name)
    return callable(found)
