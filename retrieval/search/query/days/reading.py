"""Reads the days that a text names: expressions, and the words around that limit or join them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from retrieval.search.query.days.calendar.parts import part_of
from retrieval.search.query.days.calendar.periods import (
    DAY,
    EARLIEST,
    Period,
    moved_back,
    moved_to_year,
    same_month,
    shifted,
)
from retrieval.search.query.days.days import Days
from retrieval.search.query.days.detection import languages_of
from retrieval.search.query.days.items import Item, find_items
from retrieval.search.query.days.words.folding import folded_in_place
from retrieval.search.query.days.words.vocabulary import Vocabulary, vocabulary_of

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Reading:
    """`start` to `end` of the text names `days`."""

    start: int
    end: int
    days: Days

    def words(self, text: str) -> list[str]:
        """Folded."""
        return _WORD.findall(folded_in_place(text)[self.start : self.end])


def without_days(text: str, *, language: str = "english") -> str:
    # Which day is today makes no difference to where days are named.
    return without(text, read_days(text, now=datetime(2000, 12, 31), language=language))  # noqa: DTZ001


def without(text: str, read: Sequence[Reading]) -> str:
    """`read` in this text, in order."""
    rest = text
    for one in reversed(read):
        rest = f"{rest[: one.start]} {rest[one.end :]}"
    return rest


def read_days(text: str, *, now: datetime, language: str) -> list[Reading]:
    """Of the language that reads most of the text as days; the room's is `language`.

    `now` is in the asker's time zone.
    """
    plain = folded_in_place(text)
    best: list[Reading] = []
    for candidate in languages_of(plain, room=language):
        found = _readings(plain, vocabulary_of(candidate), now)
        if _length(found) > _length(best):
            best = found
    return best


def _length(found: Sequence[Reading]) -> int:
    return sum(one.end - one.start for one in found)


def _readings(text: str, words: Vocabulary, now: datetime) -> list[Reading]:
    items = find_items(text, words, now)
    found: list[Reading] = []
    place = 0
    while place < len(items):
        item, following = items[place], items[place + 1] if place + 1 < len(items) else None
        if following is not None and _are_range(item, following):
            days = _between(item, following, now.date())
            place += 2
            end = following.end
        else:
            certain = item.certain or _shares(items, place)
            days = _limited(item, now.date()) if certain else None
            place += 1
            end = item.end
        if days is not None and days.first <= days.last:
            found.append(Reading(item.start, end, days))
    return found


def _are_range(first: Item, second: Item) -> bool:
    if not second.adjacent:
        return False
    opened = first.limit in ("from", "since", "between")
    if second.joined_by in ("to", "until"):
        return opened or first.certain or first.period.needs == second.period.needs == "mark"
    if second.joined_by == "and":
        return "between" in (first.limit, second.limit_behind)
    if second.limit in ("to", "until", "between", "before"):
        return opened
    return first.limit_behind == "since" and second.limit is None


def _shares(items: Sequence[Item], place: int) -> bool:
    """Whether a certain day is joined to it: "on Monday and Tuesday"."""
    item = items[place]
    before = item.joined_by == "and" and place > 0 and items[place - 1].certain
    after = (
        place + 1 < len(items)
        and items[place + 1].joined_by == "and"
        and (items[place + 1].certain)
    )
    return (before or after) and item.period.needs == "mark"


def _limited(item: Item, today: date) -> Days | None:
    period = part_of(item.period, item.marks)
    day = period.likely or period.first
    limit = item.limit_behind or (None if item.joined_by else item.limit_before)
    if period.grain == "range":
        return Days(period.first, period.last, period.yearly, fades=False)
    if limit == "before":
        return Days(EARLIEST, day - DAY, fades=False)
    if limit == "until":
        return Days(EARLIEST, period.last, fades=False)
    if limit == "since":
        return Days(day, max(today, period.last), fades=False)
    if limit == "after":
        first = period.last + DAY
        return Days(first, today, fades=False) if first <= today else None
    return Days(period.first, period.last, period.yearly, period.likely, hours=period.hours)


def _between(first: Item, second: Item, today: date) -> Days | None:
    start, end = part_of(first.period, first.marks), part_of(second.period, second.marks)
    if start.grain == "monthday" and end.grain == "day":
        start = same_month(start, end) or start
    elif start.grain == "day" and end.grain == "monthday":
        end = same_month(end, start) or end
    elif start.yearly and not end.yearly and end.grain != "year":
        start = moved_to_year(start, end.first.year)
    elif end.yearly and not start.yearly:
        end = moved_to_year(end, start.first.year)
        if end.last < start.first:
            end = moved_to_year(end, start.first.year + 1)
    start = _not_after(start, end)
    if start.first > end.last:
        return None
    return Days(start.first, end.last, yearly=start.yearly and end.yearly, fades=False)


def _not_after(start: Period, end: Period) -> Period:
    """The same day a week, month or year earlier, if it would come after the end."""
    if start.first <= end.last:
        return start
    if start.grain == "weekday":
        return moved_back(start, 7)
    if start.grain == "monthday":
        return replace(start, first=shifted(start.first, -1), last=shifted(start.last, -1))
    yearly = start.yearly
    moved = moved_to_year(start, start.first.year - 1)
    return (
        replace(moved, yearly=yearly) if (start.first - end.last) < timedelta(days=366) else start
    )
