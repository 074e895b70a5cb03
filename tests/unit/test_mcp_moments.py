"""Days and times as a language model writes them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from longroom.mcp.moments import end_of, start_of

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ("2025-03-29", (2025, 3, 28, 23), (2025, 3, 29, 23)),
        ("2025-03-30", (2025, 3, 29, 23), (2025, 3, 30, 22)),  # clocks go forward
        ("2025-03-01T12:00", (2025, 3, 1, 11), (2025, 3, 1, 11)),
        ("2025-03-01T12:00:00Z", (2025, 3, 1, 12), (2025, 3, 1, 12)),
    ],
)
def test_a_day_is_one_of_the_zone_and_a_time_itself(
    written: str, start: tuple[int, int, int, int], end: tuple[int, int, int, int]
) -> None:
    assert start_of(written, BERLIN) == datetime(*start, tzinfo=UTC)
    assert end_of(written, BERLIN) == datetime(*end, tzinfo=UTC)


@pytest.mark.parametrize("written", ["soon", "2025-13-01", "", "9999-12-31"])
def test_what_is_no_time_says_how_to_write_one(written: str) -> None:
    with pytest.raises(ValueError, match="is no time; write 2025-03-01 or"):
        end_of(written, BERLIN)
