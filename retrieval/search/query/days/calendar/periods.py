"""Stretches of the calendar around today: days, weeks, months, quarters, seasons, years."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
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
FEW: Final = 0
"""The count of "a few"."""
FEWEST, LIKELY_FEW, MOST_FEW = 2, 3, 5
NEARLY_OVER = 2 / 3
"""Of a quarter without a year, that of this year is meant from here on."""
EARLIEST: Final = date(1900, 1, 1)
"""Where "before …" begins."""
FIRST_MONTHS: Final[dict[Season, int]] = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
_ROUNDED: Final[dict[Unit, timedelta]] = {
    "month": timedelta(days=3), "quarter": timedelta(days=10), "year": timedelta(days=15),
}  # fmt: skip
"""How far people round when they say "a month ago"."""


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
        if number <= day.day and _is_day(year, month + 1, number):
            return date(year, month + 1, number)
    return date(year, month + 1, 28)


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
        return weekend_of(today - timedelta(days=7 * count))
    day = unit_of(unit, today).first
    for _ in range(count):
        day = unit_of(unit, day - DAY).first
    return unit_of(unit, day)


def latest_weekend(today: date) -> Period:
    """A Saturday's "over the weekend" is mostly about the last one."""
    return weekend_of(
        today if today.weekday() == 6 else today - timedelta(days=today.weekday() + 1)
    )


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
        if _is_day(first.year, first.month, number) and first.replace(day=number) <= today:
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
        if _is_day(year, month, number) and date(year, month, number) <= today:
            day = date(year, month, number)
            return Period(day, day, "day", yearly=True)
    return None


def exact_date(year: int, month: int, number: int) -> Period | None:
    if not _is_day(year, month, number):
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


def _is_southern(now: datetime) -> bool:
    zone = str(now.tzinfo)
    south = ("Australia/", "America/Argentina/", "America/Sao_Paulo", "America/Santiago",
             "America/Montevideo", "America/Asuncion", "Africa/Johannesburg", "Africa/Harare",
             "Pacific/Auckland")  # fmt: skip
    return zone.startswith(south)


def _is_day(year: int, month: int, number: int) -> bool:
    try:
        date(year, month, number)
    except ValueError:
        return False
    return True
