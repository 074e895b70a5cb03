"""`bench-pages` reports medians, and counts what must be none."""

from benchmarks.pages.__main__ import figures
from benchmarks.pages.inspecting import Inspected
from benchmarks.pages.joining import Joined
from benchmarks.pages.scrolling import Scrolled


def test_times_are_medians_and_faults_of_all_pages_are_counted() -> None:
    scrolled = [Scrolled([16.0, 17.0, 90.0], waits_ms=40.0), Scrolled([16.0, 16.0, 20.0], 0.0)]
    inspected = Inspected([120.04, 90.0, 4_000.0], [30.0, 50.0], scrolled, ["contrast"], [])
    joined = Joined([900.0, 1_100.0, 9_000.0], ["label", "label"], ["https://elsewhere.example/"])

    assert figures(inspected, joined, messages=7) == {
        "inspect_first_paint_ms": 120.0,
        "trace_open_ms": 40.0,
        "scroll_frame_p99_ms": 16.5,
        "scroll_frame_worst_ms": 55.0,
        "scroll_wait_ms": 20.0,
        "first_answer_ms": 1_100.0,
        "axe_violations": 3,
        "foreign_requests": 1,
        "messages": 7,
        "times": 3,
    }
