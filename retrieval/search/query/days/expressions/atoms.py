"""Finds single expressions for days in a text: "eleven days ago", "last Friday", "14 Nov"."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice

from retrieval.search.query.days.calendar import counted, latest, periods
from retrieval.search.query.days.calendar.counted import FEW
from retrieval.search.query.days.calendar.periods import Period
from retrieval.search.query.days.expressions import numeric
from retrieval.search.query.days.expressions.filled import Filled
from retrieval.search.query.days.words.language import Kind
from retrieval.search.query.days.words.vocabulary import Vocabulary

YEAR = re.compile(
    r"(?<![\w.,/:#+-])(?:19|20)\d\d(?![\w/:+-]|[.,]\d"
    r"|\s*(?:[%€$£¥]|(?:euros?|eur|usd|dollars?|pounds?|people|persons?|km|kg|mb|gb|calories|steps"
    r"|words|items|units|times|days|hours|minutes|points|rows|lines)\b))",
    re.ASCII,
)
MOST_ATOMS = 32
"""Also of each pattern's: a query of so many days asks for none."""
NIGHT = (18, 6)
_AFTER_DAY = re.compile(r"(?<![\d.,:/-])\d\d?\s*$")
"""The month of "30 February" is not meant without its day."""
_AFTER_DAY_CHARS = 40
_NUMBER = re.compile(r"\d+")
_QUARTER = re.compile(r"(?<![\w-])q([1-4])(?![\w-]|\.\d)")


@dataclass(frozen=True)
class Atom:
    start: int
    end: int
    period: Period


def find_atoms(text: str, words: Vocabulary, now: datetime) -> list[Atom]:
    """In order, of overlapping ones the longest. `text` is folded."""
    found = [*_of_phrases(text, words, now), *_of_dateparser(text, words, now)]
    found += _of_templates(text, words, now)
    found += _alone(text, words, now)
    found += [
        Atom(start, end, period)
        for start, end, period in numeric.dates(text, day_first=words.day_first, today=now.date())
    ]
    chosen: list[Atom] = []
    for atom in sorted(found, key=lambda atom: (atom.start - atom.end, atom.start)):
        if len(chosen) == MOST_ATOMS:
            break
        if all(atom.end <= other.start or atom.start >= other.end for other in chosen):
            chosen.append(atom)
    return sorted(chosen, key=lambda atom: atom.start)


def _of_phrases(text: str, words: Vocabulary, now: datetime) -> Iterator[Atom]:
    today = now.date()
    for pattern, ago in words.days:
        yield from _each(pattern, text, _day(today - timedelta(days=ago)))
    if words.nights:
        night = Period(today - periods.DAY, today, "longer", hours=NIGHT)
        yield from _each(words.nights, text, night)
    for pattern, ((month, number), length) in words.holidays:
        if first := latest.latest_date(month, number, today):
            last = first.first + timedelta(days=length - 1)
            yield from _each(pattern, text, replace(first, last=last, needs="mark"))


def _of_dateparser(text: str, words: Vocabulary, now: datetime) -> Iterator[Atom]:
    for pattern, unit, count in words.relative:
        if unit == "day":
            period = _day(now.date() - timedelta(days=count))
        else:
            period = counted.before_this(unit, now.date(), count)
        yield from _each(pattern, text, period)
    for pattern, unit in words.counted:
        for match in _matches(pattern, text):
            if number := _NUMBER.search(match[0]):
                yield Atom(*match.span(), counted.ago(int(number[0]), unit, now))


def _day(day: date) -> Period:
    return Period(day, day, "day")


def _each(pattern: re.Pattern[str], text: str, period: Period) -> Iterator[Atom]:
    return (Atom(*match.span(), period) for match in _matches(pattern, text))


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    return islice(pattern.finditer(text), MOST_ATOMS)


def _of_templates(text: str, words: Vocabulary, now: datetime) -> Iterator[Atom]:
    for kind, pattern in words.templates:
        for match in _matches(pattern, text):
            period = _READERS[kind](Filled(match, words, now))
            if period is not None:
                yield Atom(*match.span(), period)


def _alone(text: str, words: Vocabulary, now: datetime) -> Iterator[Atom]:
    for match in _matches(words.alone, text):
        filled = Filled(match, words, now)
        period = filled.span()
        if period is not None and not _is_after_day(text, match.start()):
            yield Atom(*match.span(), replace(period, needs=filled.needs()))
    for match in _matches(YEAR, text):
        year = int(match[0])
        if year <= now.year + 1:
            yield Atom(*match.span(), replace(periods.year_of(year), needs="mark"))
    for match in _matches(_QUARTER, text):
        period = latest.latest_quarter(int(match[1]), now.date())
        yield Atom(*match.span(), replace(period, needs="mark"))


def _is_after_day(text: str, start: int) -> bool:
    return _AFTER_DAY.search(text, max(0, start - _AFTER_DAY_CHARS), start) is not None


def _date(filled: Filled) -> Period | None:
    month = filled.words.months[filled.match["month"]]
    return latest.latest_date(month, filled.day(), filled.now.date())


def _dates(filled: Filled) -> Period | None:
    month, today = filled.words.months[filled.match["month"]], filled.now.date()
    last = latest.latest_date(month, filled.day(), today)
    first = latest.latest_date(month, filled.day("first"), today)
    if first is None or last is None or first.first > last.last:
        return None
    return replace(last, first=first.first, grain="range")


def _monthday(filled: Filled) -> Period | None:
    found = latest.latest_monthday(filled.day(), filled.now.date())
    ends = filled.words.ends_monthday.match(filled.match.string, filled.match.end())
    return replace(found, needs="mark" if ends else "part") if found else None


def _this(filled: Filled) -> Period | None:
    """ "This may be" names no month."""
    if filled.group("month") in filled.words.ambiguous and not filled.ends_clause:
        return None
    return filled.span(today_counts=True)


def _bare_unit(filled: Filled) -> Period | None:
    found = filled.span()
    return replace(found, needs="part") if found else None


def _quarter(filled: Filled) -> Period | None:
    nth = filled.match["nth"]
    number = int(nth) if nth.isdecimal() else filled.words.ordinals[nth]
    return latest.latest_quarter(number, filled.now.date()) if number in range(1, 5) else None


def _weekday_in_week(weeks: int) -> Callable[[Filled], Period]:
    def read(filled: Filled) -> Period:
        day = counted.before_this("week", filled.now.date(), weeks).first
        day += timedelta(days=filled.words.weekdays[filled.match["weekday"]])
        return Period(day, day, "day")

    return read


_READERS: dict[Kind, Callable[[Filled], Period | None]] = {
    "ago": lambda filled: counted.ago(filled.count, filled.unit, filled.now),
    "half ago": lambda filled: counted.ago(FEW, filled.unit, filled.now, half=True),
    "and a half ago": lambda filled: counted.ago(filled.count, filled.unit, filled.now, half=True),
    "rolling": lambda filled: counted.rolling(filled.count, filled.unit, filled.now),
    "last": lambda filled: filled.span(before=1),
    "this": _this,
    "before last": lambda filled: filled.span(before=2),
    "weekend": lambda filled: latest.latest_weekend(filled.now.date()),
    "date": _date,
    "dates": _dates,
    "quarter": _quarter,
    "sure monthday": lambda filled: latest.latest_monthday(filled.day(), filled.now.date()),
    "monthday": _monthday,
    "bare unit": _bare_unit,
    "calendar week": lambda filled: latest.calendar_week(
        int(filled.match["number"]), filled.now.date()
    ),
    "latest": lambda filled: filled.span(),
    "year": lambda filled: periods.year_of(int(filled.match["year"])),
    "weekday last week": _weekday_in_week(1),
    "weekday this week": _weekday_in_week(0),
}
