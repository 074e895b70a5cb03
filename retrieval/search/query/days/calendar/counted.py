"""Periods counted back from now: "eleven days ago", "the last 3 weeks", "last month"."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from retrieval.search.query.days.calendar.periods import (
    DAY,
    Period,
    Unit,
    shifted,
    unit_of,
    weekend_of,
)

FEW: Final = 0
"""The count of "a few"."""
FEWEST, LIKELY_FEW, MOST_FEW = 2, 3, 5
_ROUNDED: Final[dict[Unit, timedelta]] = {
    "month": timedelta(days=3), "quarter": timedelta(days=10), "year": timedelta(days=15),
}  # fmt: skip
"""How far people round when they say "a month ago"."""


def ago(count: int, unit: Unit, now: datetime, *, half: bool = False) -> Period:
    """So many units before now; `half` adds half a unit."""
    if count == FEW and not half:
        return _a_few_ago(unit, now)
    day = _moved_back(now, count, unit, half=half)
    found = unit_of(unit, day)
    if unit not in _ROUNDED:
        return found if found.first == found.last else replace(found, likely=day)
    slack = _ROUNDED[unit]
    if unit == "year" and count == 1 and not half:  # not all of the calendar's last year
        return Period(day - 5 * slack, day + 5 * slack, "longer", likely=day)
    if half:
        return Period(day - 2 * slack, day + 2 * slack, "longer", likely=day)
    return replace(
        found, first=min(found.first, day - slack), last=max(found.last, day + slack), likely=day
    )


def rolling(count: int, unit: Unit, now: datetime) -> Period:
    """The last so many units up to today."""
    first = _moved_back(now, count or MOST_FEW, unit)
    if count != 1 or unit not in ("week", "month", "quarter", "year"):
        return Period(first, now.date(), "longer")
    # "In the last week" is the calendar's or the last seven days: its last day is of both.
    calendar = before_this(unit, now.date())
    return Period(min(first, calendar.first), now.date(), "longer", likely=calendar.last)


def before_this(unit: Unit, today: date, count: int = 1) -> Period:
    """The calendar's last week, month …; with 2 the one before that."""
    if unit == "weekend":
        weekend = weekend_of(today - timedelta(days=7 * count))
        return weekend if weekend.first <= today else weekend_of(today - timedelta(days=7))
    day = unit_of(unit, today).first
    for _ in range(count):
        day = unit_of(unit, day - DAY).first
    return unit_of(unit, day)


def _a_few_ago(unit: Unit, now: datetime) -> Period:
    return Period(
        ago(MOST_FEW, unit, now).first,
        ago(FEWEST, unit, now).last,
        "longer",
        likely=ago(LIKELY_FEW, unit, now).likely or ago(LIKELY_FEW, unit, now).first,
    )


def _moved_back(now: datetime, count: int, unit: Unit, *, half: bool = False) -> date:
    number = count + half / 2
    if unit in ("minute", "hour"):
        return (now - timedelta(minutes=number * (60 if unit == "hour" else 1))).date()
    if unit in ("day", "week", "weekend"):
        return now.date() - timedelta(days=int(number * (1 if unit == "day" else 7)))
    if unit == "month":
        day = shifted(now.date(), -count)
        return day - timedelta(days=15) if half else day
    return shifted(now.date(), -int(number * (3 if unit == "quarter" else 12)))
