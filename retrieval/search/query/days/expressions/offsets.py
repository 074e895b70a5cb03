"""Days told by their distance from other days: "two weeks before 3 May", "the Sunday after"."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from retrieval.search.query.days.calendar.counted import MOST_FEW
from retrieval.search.query.days.calendar.periods import DAY, Period, Unit, shifted
from retrieval.search.query.days.expressions.filled import Filled
from retrieval.search.query.days.words.vocabulary import Vocabulary

MARK_CHARS = 40
_MONTHS: dict[Unit, int] = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Offset:
    """`start`: where the words for the distance begin."""

    start: int
    count: int
    unit: Unit | None
    weekday: int | None

    def before(self, period: Period) -> Period:
        if self.weekday is not None:
            back = (period.first.weekday() - self.weekday - 1) % 7 + 1
            return _one(period.first - back * DAY)
        first = _moved(period.first, -self.count, self.unit or "day")
        return _one(first) if self.unit == "day" else Period(first, period.first - DAY, "longer")

    def after(self, period: Period) -> Period:
        if self.weekday is not None:
            on = (self.weekday - period.last.weekday() - 1) % 7 + 1
            return _one(period.last + on * DAY)
        last = _moved(period.last, self.count, self.unit or "day")
        return _one(last) if self.unit == "day" else Period(period.last + DAY, last, "longer")


def find_offset(
    text: str, words: Vocabulary, now: datetime, *, begin: int, end: int
) -> Offset | None:
    """What ends at `end`, just before "before" or "after"."""
    match = words.offset.search(text, max(begin, end - MARK_CHARS), end)
    if match is None:
        return None
    filled = Filled(match, words, now)
    if (weekday := filled.group("weekday")) is not None:
        return Offset(match.start(), 1, None, words.weekdays[weekday])
    if filled.unit in ("minute", "hour"):
        return None
    return Offset(match.start(), filled.count or MOST_FEW, filled.unit, None)


def _one(day: date) -> Period:
    return Period(day, day, "day")


def _moved(day: date, count: int, unit: Unit) -> date:
    if unit in _MONTHS:
        return shifted(day, count * _MONTHS[unit])
    return day + timedelta(days=count * (1 if unit == "day" else 7))
