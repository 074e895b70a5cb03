"""Days that a query names, in the asker's time zone, and how well a message's day fits them.

The regular expression finds dates and their precision; dateparser tells the day. dateparser's own
search takes "may I" for the month, and does not tell how long "last week" is.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

import dateparser
import numpy as np

from retrieval.columns import Floats

_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)\b\.?"
)
_NAMED = r"(?:in|on|of|during|since|until|till|by|before|after|last|this|early|late|mid|around)"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:19|20)\d\d"
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_COUNT = r"(?:\d{1,3}|an?|one|two|three|four|five|six|seven|eight|nine|ten|a\s+couple\s+of|a\s+few)"
_EXPRESSION = re.compile(
    rf"""\b(?:
        (?P<iso>\d{{4}}-\d\d-\d\d)
      | (?:{_NAMED}\s+)?(?P<day>(?:the\s+)?{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s+{_YEAR})?
              | {_MONTH}\s+{_DAY}\b(?!:)(?:,?\s+{_YEAR})?)
      | (?:{_NAMED}\s+)?(?P<month_year>{_MONTH},?\s+(?:of\s+)?{_YEAR})
      | (?:{_NAMED}\s+)(?P<month>{_MONTH})
      | (?P<clear_month>(?!may\b|march\b|mar\b|jun\b|jan\b|dec\b|sep\b){_MONTH})
      | (?P<ago>{_COUNT}\s+(?P<unit>day|week|month|year)s?\s+ago)
      | (?P<last>(?:last|this|past|previous)\s+(?P<span>week|month|year|weekend))
      | (?P<night>last\s+night)
      | (?P<before>(?:the\s+)?day\s+before\s+yesterday)
      | (?P<relative>yesterday|today|tonight|this\s+(?:morning|afternoon|evening))
      | (?:last|on|this|since|past)\s+(?P<weekday>{_WEEKDAY})
      | (?:in|of|during|since|year)\s+(?P<year>{_YEAR})
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WORDS = {"a couple of": "2", "a few": "3"}
FADING = timedelta(days=7)
"""People talk about a day for about a week after it."""


@dataclass(frozen=True)
class Days:
    """First and last day, inclusive; `yearly` if no year was named and any year fits."""

    first: date
    last: date
    yearly: bool = False


def named_days(query: str, *, now: datetime) -> list[Days]:
    """`now` is in the asker's time zone."""
    found = (_days(match, now) for match in _EXPRESSION.finditer(query))
    return [days for days in found if days is not None]


def without_days(text: str) -> str:
    return _EXPRESSION.sub(" ", text)


def fit(days: Sequence[Days], spoken_at: Floats, *, zone: tzinfo) -> Floats:
    """Best fit: 1 on a day named, falling to 0 over FADING after it. `spoken_at`: s since 1970."""
    best = np.zeros(len(spoken_at))
    if not days or len(spoken_at) == 0:
        return best
    years = [
        datetime.fromtimestamp(float(at), zone).year for at in (min(spoken_at), max(spoken_at))
    ]
    for start, end in spans(days, zone=zone, years=range(years[0], years[1] + 1)):
        fading = 1 - (spoken_at - end.timestamp()) / FADING.total_seconds()
        fits = np.where(spoken_at < start.timestamp(), 0.0, np.clip(fading, 0.0, 1.0))
        best = np.maximum(best, fits)
    return best


def spans(
    days: Sequence[Days], *, zone: tzinfo, years: Iterable[int]
) -> list[tuple[datetime, datetime]]:
    """Starts and ends; yearly days in each of `years`."""
    found = []
    for one in days:
        firsts = [_in_year(one.first, year) for year in years] if one.yearly else [one.first]
        for first in firsts:
            after = first + (one.last - one.first) + timedelta(days=1)
            found.append(
                (datetime.combine(first, time(), zone), datetime.combine(after, time(), zone))
            )
    return found


def _days(match: re.Match[str], now: datetime) -> Days | None:
    kind = match.lastgroup if match.lastgroup not in ("unit", "span") else None
    kind = kind or ("ago" if match["ago"] else "last")
    text = match[kind].lower()
    for words, digits in _WORDS.items():
        text = text.replace(words, digits)
    if kind == "year":
        return Days(date(int(text), 1, 1), date(int(text), 12, 31))
    if kind in ("night", "before"):
        first = now.date() - timedelta(days=1 if kind == "night" else 2)
        return Days(first, first + timedelta(days=kind == "night"))
    if kind == "last" and match["span"].lower() == "weekend":
        return _weekend(now.date(), this=text.startswith("this"))
    day = _parsed(text, now)
    if day is None:
        return None
    return _widened(kind, match, day)


def _parsed(text: str, now: datetime) -> date | None:
    settings = {"PREFER_DATES_FROM": "past", "RELATIVE_BASE": now.replace(tzinfo=None)}
    plain = re.sub(r"^(?:the|previous|past)\s+", lambda m: "" if "the" in m[0] else "last ", text)
    found = dateparser.parse(plain.replace(" of ", " "), languages=["en"], settings=settings)
    return found.date() if found else None


def _widened(kind: str, match: re.Match[str], day: date) -> Days:
    """To the week, month or year that was named."""
    if kind in ("month", "clear_month"):
        return Days(*_month(day), yearly=True)
    if kind == "month_year":
        return Days(*_month(day))
    unit = (match["unit"] or match["span"] or "day").lower()
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return Days(monday, monday + timedelta(days=6))
    if unit == "month":
        return Days(*_month(day))
    if unit == "year":
        return Days(date(day.year, 1, 1), date(day.year, 12, 31))
    yearly = kind == "day" and not re.search(_YEAR, match["day"])
    return Days(day, day, yearly=yearly)


def _month(day: date) -> tuple[date, date]:
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _weekend(today: date, *, this: bool) -> Days:
    saturday = today + timedelta(days=5 - today.weekday())
    if not this or saturday > today:
        saturday -= timedelta(days=7)
    return Days(saturday, saturday + timedelta(days=1))


def _in_year(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 3, 1)
