"""Parts of a period: its beginning, middle and end, halves and weeks."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from retrieval.search.query.days.calendar.periods import DAY, Period, months_from, shifted, week_of

AROUND: Final = timedelta(days=3)
PARTS: Final[Mapping[str, tuple[float, float]]] = {
    "early": (0, 1 / 3),
    "mid": (1 / 3, 2 / 3),
    "late": (2 / 3, 1),
    "first half": (0, 1 / 2),
    "second half": (1 / 2, 1),
    "first week": (0, 0),
    "second week": (0, 0),
    "third week": (0, 0),
    "fourth week": (0, 0),
    "last week": (0, 0),
    "week of": (0, 0),
    "around": (0, 0),
}
"""From which share of the days to which."""
_WEEKS: Final = ("first week", "second week", "third week", "fourth week")
_EDGES: Final = {"early": (1, 10), "mid": (11, 20), "late": (21, 0)}
"""Days of a month; 0: its last."""


def part_of(period: Period, marks: Iterable[str]) -> Period:
    """The innermost mark is taken first."""
    for mark in marks:
        if mark in PARTS:
            likely = period.first if mark == "around" and period.first == period.last else None
            part = replace(_part(period, mark), yearly=period.yearly, likely=likely)
            period = part if part.first <= part.last else period  # a day has no third week
    return period


def _part(period: Period, mark: str) -> Period:
    if mark in _WEEKS:
        first = period.first + 7 * DAY * _WEEKS.index(mark)
        return replace(period, first=first, last=min(period.last, first + 6 * DAY))
    if mark == "last week":
        return replace(period, first=max(period.first, period.last - 6 * DAY))
    if mark == "week of":
        return week_of(period.first)
    if mark == "around":
        return replace(period, first=period.first - AROUND, last=period.last + AROUND)
    begin, end = PARTS[mark]
    if period.grain == "year":
        months = months_from(shifted(period.first, round(12 * begin)), round(12 * (end - begin)))
        return replace(period, first=months.first, last=months.last)
    if period.grain == "month" and mark in _EDGES:
        begin_day, end_day = _EDGES[mark]
        return replace(
            period,
            first=period.first.replace(day=begin_day),
            last=period.first.replace(day=end_day) if end_day else period.last,
        )
    days = (period.last - period.first).days + 1
    return replace(
        period,
        first=period.first + timedelta(days=round(days * begin)),
        last=period.first + timedelta(days=max(round(days * begin), round(days * end) - 1)),
    )
