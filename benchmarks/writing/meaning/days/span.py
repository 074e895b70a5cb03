"""Days as a calendar has them, before the day of the run."""

from dataclasses import dataclass
from datetime import date, timedelta

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """First and last day, inclusive."""

    first: date
    last: date


@dataclass(frozen=True)
class Phrase:
    """What stands for days in a question, with its preposition."""

    text: str
    span: Span


def on(day: date) -> Span:
    return Span(day, day)


def ago(today: date, days: int) -> date:
    return today - days * DAY


def around(day: date, days: int) -> Span:
    return Span(day - days * DAY, day + days * DAY)


def week(today: date, back: int) -> Span:
    """Monday to Sunday, `back` weeks before this one."""
    monday = today - (today.weekday() + 7 * back) * DAY
    return Span(monday, monday + 6 * DAY)


def weekend(today: date) -> Span:
    """The last one that is over."""
    sunday = today - (today.weekday() + 1) * DAY
    return Span(sunday - DAY, sunday)


def month(today: date, back: int) -> Span:
    first = today.replace(day=1)
    for _ in range(back):
        first = (first - DAY).replace(day=1)
    return Span(first, (first + 31 * DAY).replace(day=1) - DAY)


def part_of_month(today: date, back: int, part: str) -> Span:
    """`part`: early, mid or late."""
    whole = month(today, back)
    edges = {"early": (1, 10), "mid": (11, 20), "late": (21, whole.last.day)}[part]
    return Span(whole.first.replace(day=edges[0]), whole.first.replace(day=edges[1]))


def weekday_in(span: Span, weekday: int) -> date:
    return span.first + ((weekday - span.first.weekday()) % 7) * DAY


def latest_weekday(today: date, weekday: int) -> date:
    """Before today."""
    return today - ((today.weekday() - weekday - 1) % 7 + 1) * DAY


def latest_day_of_month(today: date, day: int) -> date:
    """The day of this month, or of the last if it is still to come."""
    first = today.replace(day=1)
    return first.replace(day=day) if day <= today.day else (first - DAY).replace(day=day)


def quarter(today: date, number: int) -> Span:
    """The latest that is over."""
    month_of = 3 * number - 2
    year = today.year if date(today.year, month_of, 1) + 93 * DAY <= today else today.year - 1
    first = date(year, month_of, 1)
    return Span(first, (first + 93 * DAY).replace(day=1) - DAY)


def season(today: date, name: str) -> Span:
    """The latest that has ended; of the northern half of the earth."""
    months = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11)}[name]
    year = today.year if today.month > months[1] else today.year - 1
    end = (date(year, months[1], 1) + 31 * DAY).replace(day=1) - DAY
    return Span(date(year, months[0], 1), end)
