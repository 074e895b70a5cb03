"""The latest day, month or season of a name: "Friday", "the 14th", "summer"."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from retrieval.search.query.days.calendar.periods import (
    Period,
    Season,
    is_day,
    months_from,
    moved_to_year,
    shifted,
    week_of,
    weekend_of,
)

NEARLY_OVER = 2 / 3
"""Of a quarter without a year, that of this year is meant from here on."""
FIRST_MONTHS: Final[dict[Season, int]] = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}


def latest_weekend(today: date) -> Period:
    """The latest that is over: on a Sunday, "this weekend" is another one."""
    return weekend_of(today - timedelta(days=today.weekday() + 1))


def latest_weekday(weekday: int, today: date, *, today_counts: bool = False) -> Period:
    back = (today.weekday() - weekday) % 7
    if back == 0 and not today_counts:
        back = 7
    day = today - timedelta(days=back)
    return Period(day, day, "weekday")


def latest_monthday(number: int, today: date) -> Period | None:
    """The last 14th, for example, which may be today."""
    for months in range(4):
        first = shifted(today.replace(day=1), -months)
        if is_day(first.year, first.month, number) and first.replace(day=number) <= today:
            return Period(first.replace(day=number), first.replace(day=number), "monthday")
    return None


def latest_month(month: int, today: date) -> Period:
    first = date(today.year - (month > today.month), month, 1)
    return replace(months_from(first, 1), yearly=True)


def latest_quarter(number: int, today: date) -> Period:
    found = months_from(date(today.year, 3 * number - 2, 1), 3)
    over = (today - found.first) / (found.last - found.first)
    found = replace(found, grain="quarter")
    return found if over > NEARLY_OVER else moved_to_year(found, today.year - 1)


def latest_season(season: Season, now: datetime) -> Period:
    """By months; in the south's time zones the south's."""
    month = FIRST_MONTHS[season]
    if _is_southern(now):
        month = (month + 5) % 12 + 1
    today = now.date()
    return replace(months_from(date(today.year - (month > today.month), month, 1), 3), yearly=True)


def calendar_week(number: int, today: date) -> Period | None:
    """ISO's, the latest that has begun."""
    for year in (today.year, today.year - 1):
        if 1 <= number <= date(year, 12, 28).isocalendar().week:
            monday = date.fromisocalendar(year, number, 1)
            if monday <= today:
                return week_of(monday)
    return None


def latest_date(month: int, number: int, today: date) -> Period | None:
    for year in range(today.year, today.year - 9, -1):  # 29 February may lack for eight years
        if is_day(year, month, number) and date(year, month, number) <= today:
            day = date(year, month, number)
            return Period(day, day, "day", yearly=True)
    return None


def _is_southern(now: datetime) -> bool:
    zone = str(now.tzinfo)
    south = ("Australia/", "America/Argentina/", "America/Sao_Paulo", "America/Santiago",
             "America/Montevideo", "America/Asuncion", "Africa/Johannesburg", "Africa/Harare",
             "Pacific/Auckland")  # fmt: skip
    return zone.startswith(south)
