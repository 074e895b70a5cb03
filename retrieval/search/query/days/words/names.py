"""A language's months, weekdays and relative phrases, from dateparser and its table."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import Any, Final, TypeVar

from dateparser.languages.loader import default_loader

from retrieval.search.query.days.calendar.periods import Unit
from retrieval.search.query.days.words.folding import folded_in_place
from retrieval.search.query.days.words.language import Language

Value = TypeVar("Value")

MONTHS: Final = ("january", "february", "march", "april", "may", "june", "july", "august",
                 "september", "october", "november", "december")  # fmt: skip
WEEKDAYS: Final = (
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
)  # fmt: skip
RELATIVE_UNITS: Final[tuple[Unit, ...]] = ("day", "week", "month", "year")
COUNTED_UNITS: Final[tuple[Unit, ...]] = (*RELATIVE_UNITS, "hour", "minute")
_FULL_NAME: Final = 5
"""Letters from which a name is no abbreviation."""
_SHORTEST: Final = 3
_LETTERS = re.compile(r"[^\W\d_]+")
_NOT_WORDS = re.compile(r"\\[a-zA-Z]|\(\?P?<\w+>|\(\?[:!=<]+|\{\w+\}|\[[^]]*\]")


@dataclass(frozen=True, eq=False)
class Names:
    """Folded."""

    months: Mapping[str, int]
    full_months: frozenset[str]
    weekdays: Mapping[str, int]
    relative: Mapping[tuple[Unit, int], list[str]]
    """Phrases for a unit and how many of it ago: 0 is this one, 1 the last."""
    counted: Mapping[Unit, list[str]]
    """Regular expressions for so many units ago."""
    day_first: bool
    triggers: frozenset[str]
    """A text without one of these names days in digits only."""


@lru_cache(maxsize=64)
def names_of(language: Language) -> Names:
    info: dict[str, Any] = default_loader.get_locale(language.code).info
    months = dict(enumerate((info[name] for name in MONTHS), start=1))
    weekdays = dict(enumerate(info[name] for name in WEEKDAYS))
    shortest = _SHORTEST if language.spaced else _SHORTEST - 1
    full = _full if language.spaced else chain.from_iterable
    full_weekdays = frozenset(map(folded_in_place, full(weekdays.values())))
    found = Names(
        months=_by_name(months, shortest) | words_of(language.months),
        full_months=frozenset(
            (*map(folded_in_place, full(months.values())), *words_of(language.months))
        ),
        weekdays={
            name: number
            for name, number in _by_name(weekdays, shortest).items()
            if name in full_weekdays
        }
        | words_of(language.weekdays),
        relative={
            (unit, count): [
                folded_in_place(phrase)
                for phrase in info["relative-type"].get(f"{count} {unit} ago", ())
                if len(phrase) >= shortest
            ]
            for unit in RELATIVE_UNITS
            for count in range(3)
        },
        counted={
            unit: [
                folded_pattern(re.sub(r"\(\\d[^)]*\)", r"(?:\\d{1,3})", phrase))
                for phrase in info["relative-type-regex"].get(f"\\1 {unit} ago", ())
                if len(_LETTERS.findall(phrase)) > 3 or not language.spaced
            ]
            for unit in COUNTED_UNITS
        },
        day_first=not str(info["date_order"]).startswith("M"),
        triggers=frozenset(),
    )
    return replace(found, triggers=frozenset(_triggers(language, found)))


def words_of(table: Mapping[str, Value]) -> dict[str, Value]:
    """The words of a table with lists of words, folded."""
    return {
        word.replace("_", " "): value
        for words, value in table.items()
        for word in folded_in_place(words).split()
    }


def folded_pattern(template: str) -> str:
    r"""Folded but for the escapes, for `\W` is not `\w`."""
    parts = re.split(r"(\\[A-Za-z]|\(\?P<\w+>)", template)
    return "".join(one if place % 2 else folded_in_place(one) for place, one in enumerate(parts))


def _by_name(names: Mapping[int, Iterable[str]], shortest: int) -> dict[str, int]:
    """Without the shortest, which are mostly words."""
    return {
        folded_in_place(name): number
        for number, several in names.items()
        for name in several
        if len(name) >= shortest and not name.startswith("(")
    }


def _full(names: Iterable[Iterable[str]]) -> Iterator[str]:
    for several in names:
        longest = max(len(name) for name in several)
        yield from (name for name in several if len(name) >= _FULL_NAME or len(name) == longest)


def _triggers(language: Language, names: Names) -> Iterator[str]:
    words = (*names.months, *names.weekdays, *words_of(language.seasons))
    phrases = [
        *words,
        *words_of(language.units),
        *language.days,
        *language.holidays,
        language.nights,
        language.triggers,
    ]
    phrases += [phrase for several in names.relative.values() for phrase in several]
    frequent = {*folded_in_place(language.function_words).split()}
    for phrase in phrases:
        found = _LETTERS.findall(_NOT_WORDS.sub(" ", folded_pattern(phrase)))
        yield from (word for word in found if word not in frequent)
