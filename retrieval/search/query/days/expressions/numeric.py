"""Dates in digits: 2026-11-14, 14.11.2026, 11/14/2026; by language the day or the month first."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import islice

from retrieval.search.query.days.calendar.latest import latest_date
from retrieval.search.query.days.calendar.periods import Period, exact_date, months_from

_NOT_INSIDE = r"(?<![\w.,/:#+-])"
_NOT_FOLLOWED = r"(?![\w/:+]|-\w|[.,]\d)"
_YEAR_FIRST = re.compile(
    rf"{_NOT_INSIDE}(?P<y>(?:19|20)\d\d)(?P<sign>[-/.])(?P<m>\d\d?)(?P=sign)(?P<d>\d\d?)"
    r"(?:t[\d:.]+z?)?(?![\w/:+-]|[.,]\d)",
    re.ASCII,
)
_YEAR_LAST = re.compile(
    rf"{_NOT_INSIDE}(?P<a>\d\d?)(?P<sign>[-/.])\s?(?P<b>\d\d?)(?P=sign)\s?"
    rf"(?P<y>(?:19|20)\d\d|\d\d){_NOT_FOLLOWED}",
    re.ASCII,
)
_MONTH_AND_YEAR = re.compile(
    rf"{_NOT_INSIDE}(?P<m>0?[1-9]|1[0-2])(?P<sign>[/.])(?P<y>20\d\d){_NOT_FOLLOWED}",
    re.ASCII,
)
_YEAR_AND_MONTH = re.compile(
    r"(?<![\w.,/:#+-])(?P<y>20\d\d)-(?P<m>0[1-9]|1[0-2])(?![\w/:+-]|[.,]\d)",
    re.ASCII,
)
_YEARLESS = re.compile(
    rf"{_NOT_INSIDE}(?P<a>\d\d?)(?:\.\s?(?P<b>\d\d?)(?P<dot>\.)?|/(?P<c>\d\d?)){_NOT_FOLLOWED}"
    r"(?!\s*(?:[%€$£¥]|(?:uhr|h|eur|euros?|usd|dollars?|cups?|tsp|tbsp|inch\w*|miles?"
    r"|of|teaspoons?|tablespoons?|pounds?|pm|am|hours?|years?|kg|km|cm|m|mm|gb|mb)\b))",
    re.ASCII,
)
_VERSION = re.compile(
    r"(?:\bv|version|ver|release|build|ip|python|node|java|fw|firmware|section|chapter|room|page)"
    r"\.?\s*$"
)
_NOT_OF_DAYS = re.compile(r"\b(?:in|of|en|im|with|than)\s*$")
"""Before versions: "in 12.04"."""
_GOES_ON = re.compile(r"\s*(?:[?!,)–-]|(?:and|or|to|until|till|through)\b)")
MOST_DATES = 32
"""Read of each notation: a query of so many days asks for none."""
_FRACTIONS = (2, 3, 4, 5, 8, 10)


def dates(text: str, *, day_first: bool, today: date) -> Iterator[tuple[int, int, Period]]:
    """Start, end and what is meant."""
    readers = (
        (_YEAR_FIRST, _year_first),
        (_YEAR_LAST, partial(_year_last, day_first=day_first, today=today)),
        (_MONTH_AND_YEAR, _month),
        (_YEAR_AND_MONTH, _month),
        (_YEARLESS, partial(_yearless, day_first=day_first, today=today)),
    )
    for pattern, read in readers:
        for match in islice(pattern.finditer(text), MOST_DATES):
            if found := read(match):
                yield *match.span(), found


def _year_first(match: re.Match[str]) -> Period | None:
    return exact_date(int(match["y"]), int(match["m"]), int(match["d"]))


def _month(match: re.Match[str]) -> Period:
    return replace(months_from(date(int(match["y"]), int(match["m"]), 1), 1), needs="preposition")


def _is_version(match: re.Match[str]) -> bool:
    return _VERSION.search(match.string, max(0, match.start() - 12), match.start()) is not None


def _year_last(match: re.Match[str], *, day_first: bool, today: date) -> Period | None:
    if _is_version(match):
        return None
    year = int(match["y"])
    two_digits = len(match["y"]) == 2
    if two_digits:
        year += 2000
    one, other = int(match["a"]), int(match["b"])
    orders = [(one, other), (other, one)]
    if not (day_first or match["sign"] == "."):
        orders.reverse()
    valid = [found for day, month in orders if (found := exact_date(year, month, day))]
    past = [found for found in valid if found.first <= today]
    found = next(iter((*past, *valid)), None)
    if found is None or not two_digits:
        return found
    if not day_first and match["sign"] == "." and len(match["a"] + match["b"]) < 4:
        return None  # 2.6.17 is a version
    return replace(found, needs="mark") if match["sign"] != "-" else None


def _yearless(match: re.Match[str], *, day_first: bool, today: date) -> Period | None:
    one = int(match["a"])
    if match["b"]:  # 14.11.
        if _NOT_OF_DAYS.search(match.string, max(0, match.start() - 8), match.start()):
            return None
        # English writes decimals with the point: only a second one tells a day.
        if not (day_first or (match["dot"] and _GOES_ON.match(match.string, match.end()))):
            return None
        return _with_mark(latest_date(int(match["b"]), one, today))
    other = int(match["c"])
    if one < other and other in _FRACTIONS:
        return None
    orders = [(one, other), (other, one)]
    if not day_first:
        orders.reverse()
    valid = (found for day, month in orders if (found := latest_date(month, day, today)))
    return _with_mark(next(valid, None))


def _with_mark(period: Period | None) -> Period | None:
    return replace(period, needs="preposition") if period else None
