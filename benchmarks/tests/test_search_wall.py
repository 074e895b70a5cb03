"""`make bench-search` compares searches without the wall and behind it."""

import asyncio

from benchmarks.search_wall import ROUNDS, measure_wall


def test_each_question_is_asked_both_ways() -> None:
    figures = asyncio.run(measure_wall([120], data=None, questions=2))["120"]
    assert figures["pairs"] == ROUNDS * 2
    assert figures["cpu_ms_without"] > 0
    assert figures["cpu_ms_behind"] > 0
    assert figures["wall_ratio"] > 0
