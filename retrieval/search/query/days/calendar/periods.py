"""Stretches of the calendar around today: days, weeks, months, quarters, seasons, years."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal

Grain = Literal["day", "weekday", "monthday", "week", "month", "quarter", "longer", "year", "range"]
Unit = Literal["minute", "hour", "day", "week", "weekend", "month", "quarter", "year"]
Season = Literal["spring", "summer", "autumn", "winter"]
Needs = Literal["nothing", "mark", "preposition", "part", "company"]
"""Beside words that also mean something else. mark: any of "on", "from", "to", "and" …;
preposition: one that is not used of people or wishes ("in May"); part: "end of the month";
company: a day or year."""

Hours = tuple[int, int]
"""Between two hours of a day; if the first is later, to that of the next day."""

DAY: Final = timedelta(days=1)
EARLIEST: Final = date(1900, 1, 1)
"""Where "before …" begins."""


@dataclass(frozen=True)
class Period:
    """First and last day, inclusive; `yearly` if any year may be meant."""

    first: date
    last: date
    grain: Grain
    yearly: bool = False
    likely: date | None = None
    """The exact day where the period is wider because people round."""
    hours: Hours | None = None
    """Of the first and the last day."""
    needs: Needs = "nothing"


def week_of(day: date) -> Period:
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=6), "week")


def weekend_of(day: date) -> Period:
    saturday = day + timedelta(days=5 - day.weekday())
    return Period(saturday, saturday + DAY, "longer")


def months_from(first: date, count: int) -> Period:
    first = first.replace(day=1)
    last = shifted(first, count) - DAY
    return Period(first, last, "month" if count == 1 else "longer")


def year_of(year: int) -> Period:
    return Period(date(year, 1, 1), date(year, 12, 31), "year")


def quarter_of(day: date) -> Period:
    return months_from(day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), 3)


def unit_of(unit: Unit, day: date) -> Period:
    """The calendar's week, month … with this day."""
    if unit == "week":
        return week_of(day)
    if unit == "weekend":
        return weekend_of(day)
    if unit == "month":
        return months_from(day, 1)
    if unit == "quarter":
        return quarter_of(day)
    return year_of(day.year) if unit == "year" else Period(day, day, "day")


def shifted(day: date, months: int) -> date:
    """The same day in another month, or the last one there."""
    place = day.year * 12 + day.month - 1 + months
    year, month = divmod(place, 12)
    for number in (day.day, 30, 29):
        if number <= day.day and is_day(year, month + 1, number):
            return date(year, month + 1, number)
    return date(year, month + 1, 28)


def exact_date(year: int, month: int, number: int) -> Period | None:
    if not is_day(year, month, number):
        return None
    return Period(date(year, month, number), date(year, month, number), "day")


def in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 3, 1)


def moved_to_year(period: Period, year: int) -> Period:
    first = in_year(period.first, year)
    last = first + (period.last - period.first)
    if period.first.day == 1 and (period.last + DAY).day == 1:  # whole months
        last = (last + timedelta(days=5)).replace(day=1) - DAY
    return replace(period, first=first, last=last, yearly=False)


def same_month(monthday: Period, month: Period) -> Period | None:
    day = shifted(monthday.first, _months(month.first) - _months(monthday.first))
    return replace(monthday, first=day, last=day, grain="day", yearly=month.yearly)


def _months(day: date) -> int:
    return day.year * 12 + day.month


def moved_back(period: Period, days: int) -> Period:
    away = timedelta(days=days)
    return replace(period, first=period.first - away, last=period.last - away)


def is_day(year: int, month: int, number: int) -> bool:
    try:
        date(year, month, number)
    except ValueError:
        return False
    return True
