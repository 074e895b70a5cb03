"""`make bench-search` asks backends with rooms in memory and without, and loads them."""

import pytest

from benchmarks.whole_search.differences.measure import measure_differences
from benchmarks.whole_search.load.measure import measure_load

pytestmark = pytest.mark.timeout(250)


async def test_both_paths_answer_alike_whatever_is_asked_and_changed() -> None:
    found = await measure_differences([40], data=None, asked=3, forked=True)

    assert found["differences"] == 0
    assert found["compared"] >= 30
    assert found["compared_from_memory"] >= 30
    assert len(found["compared answers"]) == 13


async def test_load_is_measured_beside_the_database_and_within_the_setting() -> None:
    found = await measure_load(40, data=None, rooms=3, searches=8, forked=True)

    two = found["backends"]["two"]
    assert two["unseen"] == 0
    assert two["from_memory"] > 0
    load = found["load"]
    assert load.keys() == {
        "beside ingest",
        "beside backfill",
        "crowded, in turn",
        "crowded, drawn",
    }
    assert load["beside ingest"]["appended"] > 0
    assert found["process"]["all rooms fit"]["room_mb"] > 0
    for process in found["process"].values():
        assert process["kept_mb"] <= process["setting_mb"]
    assert found["crowded"]["ratio_to_sql"] > 0
