"""A template of a language's table with the words of a query that filled it."""

import re
from dataclasses import dataclass
from datetime import date, datetime

from retrieval.search.query.days.calendar import counted, latest, periods
from retrieval.search.query.days.calendar.counted import FEW
from retrieval.search.query.days.calendar.periods import Period
from retrieval.search.query.days.expressions.chinese_numbers import number_of
from retrieval.search.query.days.words.vocabulary import Vocabulary


@dataclass(frozen=True)
class Filled:
    match: re.Match[str]
    words: Vocabulary
    now: datetime

    def group(self, name: str) -> str | None:
        found: str | None = self.match.groupdict().get(name)
        return " ".join(found.split()) if found else found

    @property
    def count(self) -> int:
        found = self.group("count")
        if found is None:
            if self.group("few") is not None:
                return FEW
            return 2 if self.group("fortnight") else 1
        if found in self.words.numbers:
            return self.words.numbers[found]
        return int(found) if found.isdecimal() else number_of(found)

    @property
    def unit(self) -> periods.Unit:
        found = self.group("unit")
        return self.words.units[found] if found else "week"

    def day(self, name: str = "day") -> int:
        found = self.group(name) or ""
        if found in self.words.ordinals:
            return self.words.ordinals[found]
        digits = re.match(r"\d+", found)
        return int(digits[0]) if digits else number_of(found)

    @property
    def ends_clause(self) -> bool:
        return self.words.ends_clause.match(self.match.string, self.match.end()) is not None

    def span(self, *, before: int = 0, today_counts: bool = False) -> Period | None:
        """The unit, season, weekday or month: the latest, or `before` = 1 or 2 the last ones."""
        today = self.now.date()
        if (unit := self.group("unit")) is not None:
            return _unit(self.words.units[unit], self.now, before)
        if (weekday := self.group("weekday")) is not None:
            day = latest.latest_weekday(
                self.words.weekdays[weekday], today, today_counts=today_counts
            )
            return day if before < 2 else periods.moved_back(day, 7 * (before - 1))
        if (season := self.group("season")) is not None:
            found = latest.latest_season(self.words.seasons[season], self.now)
        elif (month := self.group("month")) is not None:
            found = latest.latest_month(self.words.months[month], today)
        else:
            return None
        return _years_before(found, before, today) if before or today_counts else found

    def needs(self) -> periods.Needs:
        """What must stand beside a single word."""
        found = self.match[0]
        if found in self.words.certain:
            return "nothing"
        if found in self.words.ambiguous:
            return "preposition" if self.group("weekday") or self._is_full_month else "company"
        if self.group("weekday") or self.group("season"):
            if not self.words.language.spaced:
                return "nothing"
            return "mark" if self.group("weekday") else "preposition"
        return "nothing" if self._is_full_month else "preposition"

    @property
    def _is_full_month(self) -> bool:
        return self.match[0] in self.words.full_months


def _unit(unit: periods.Unit, now: datetime, before: int) -> Period | None:
    if unit in ("minute", "hour", "day"):
        return None
    return counted.before_this(unit, now.date(), before)


def _years_before(found: Period, before: int, today: date) -> Period:
    """This or the last summer, which is over."""
    back = max(0, before - 1) + (before > 0 and found.last >= today)
    return periods.moved_to_year(found, found.first.year - back)
