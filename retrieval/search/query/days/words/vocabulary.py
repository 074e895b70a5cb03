"""A language's table, with dateparser's months and weekdays, as regular expressions."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from retrieval.search.query.days.calendar.periods import Hours, Season, Unit
from retrieval.search.query.days.words.folding import folded_in_place
from retrieval.search.query.days.words.language import Kind, Language
from retrieval.search.query.days.words.names import folded_pattern, names_of, words_of

_CHINESE_NUMBER = r"[一二两兩三四五六七八九十几幾数]+"
_ENDS_CLAUSE = re.compile(r"\s*(?:[?!.,;:)](?!\d)|[？。！，]|$)")


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Words folded, with what they mean."""

    language: Language
    day_first: bool
    numbers: Mapping[str, int]
    units: Mapping[str, Unit]
    seasons: Mapping[str, Season]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    ordinals: Mapping[str, int]
    full_months: frozenset[str]
    ambiguous: frozenset[str]
    certain: frozenset[str]
    days: tuple[tuple[re.Pattern[str], int], ...]
    relative: tuple[tuple[re.Pattern[str], Unit, int], ...]
    """Phrases of dateparser's for the last and this unit."""
    counted: tuple[tuple[re.Pattern[str], Unit], ...]
    """Phrases of dateparser's for so many units ago."""
    day_parts: tuple[tuple[re.Pattern[str], Hours], ...]
    holidays: tuple[tuple[re.Pattern[str], tuple[tuple[int, int], int]], ...]
    nights: re.Pattern[str] | None
    templates: tuple[tuple[Kind, re.Pattern[str]], ...]
    alone: re.Pattern[str]
    """One month, weekday or season."""
    before: re.Pattern[str]
    """A mark or article that ends before days; its group tells which."""
    after: re.Pattern[str]
    """The same behind them."""
    offset: re.Pattern[str]
    """What tells how far from other days: "two weeks" in "two weeks before 3 May"."""
    blocked: re.Pattern[str]
    """What turns the days behind it into others: "next"."""
    ends_monthday: re.Pattern[str]
    ends_clause: re.Pattern[str]


@lru_cache(maxsize=64)
def vocabulary_of(language: Language) -> Vocabulary:
    return _Compiler(language).vocabulary()


class _Compiler:
    def __init__(self, language: Language) -> None:
        self._language = language
        self._names = names_of(language)
        self._months, self._weekdays = self._names.months, self._names.weekdays
        self._units = words_of(language.units)
        self._seasons = words_of(language.seasons)
        self._ordinals = words_of(language.ordinals)
        self._numbers = self._numbers_to_99()
        self._placeholders = self._forms()

    def vocabulary(self) -> Vocabulary:
        language = self._language
        relative, counted = list(self._relative()), list(self._counted())
        return Vocabulary(
            language=language,
            day_first=self._names.day_first,
            numbers=self._numbers,
            units=self._units,
            seasons=self._seasons,
            months=self._months,
            weekdays=self._weekdays,
            ordinals=self._ordinals,
            full_months=self._names.full_months,
            certain=frozenset(folded_in_place(language.certain).split()),
            ambiguous=frozenset(folded_in_place(language.ambiguous).split()),
            days=tuple((self._bounded(words), n) for words, n in language.days.items()),
            relative=tuple(relative),
            counted=tuple(counted),
            holidays=tuple((self._bounded(words), on) for words, on in language.holidays.items()),
            day_parts=tuple((self._ending(words), h) for words, h in language.day_parts.items()),
            nights=self._bounded(language.nights) if language.nights else None,
            templates=tuple(
                (kind, self._bounded(template))
                for kind, templates in language.templates.items()
                for template in templates
            ),
            alone=self._bounded("{month}|{weekday}|{season}"),
            before=self._marks(self._marks_before(), at_end=True),
            after=self._marks(self._marks_after(), at_end=False),
            offset=self._bounded(r"(?:{count} )?(?:{unit}|{weekday})\s*$"),
            blocked=self._marks({"blocked": language.blocked_by}, at_end=True),
            ends_monthday=_ends_monthday(language),
            ends_clause=_ENDS_CLAUSE,
        )

    def _parts_of_numbers(self) -> tuple[dict[str, int], dict[str, int]]:
        base = words_of(self._language.numbers)
        ones = {word: n for word, n in base.items() if n in range(1, 10)}
        return ones, {word: n for word, n in base.items() if n in range(20, 100, 10)}

    def _numbers_to_99(self) -> dict[str, int]:
        """With those that the table only has parts of."""
        ones, tens = self._parts_of_numbers()
        joined = {
            form.format(tens=ten, ones=one): tens[ten] + ones[one]
            for form in folded_in_place(self._language.tens).split("|")
            for ten in tens
            for one in ones
        }
        return joined | words_of(self._language.numbers)

    def _count(self) -> str:
        ones, tens = ("|".join(_longest_first(words)) for words in self._parts_of_numbers())
        joined = [
            form.format(tens=f"(?:{tens})", ones=f"(?:{ones})")
            for form in folded_in_place(self._language.tens).split("|")
            if form
        ]
        base = _longest_first(words_of(self._language.numbers))
        written = [] if self._language.spaced else [_CHINESE_NUMBER]
        return "|".join((r"\d{1,3}", *joined, *base, *written))

    def _forms(self) -> dict[str, str]:
        suffix = f"{self._language.day_suffix}?" if self._language.day_suffix else ""
        day = [rf"[0-3]?\d{suffix}", *_longest_first(self._ordinals)]
        rare = set(folded_in_place(self._language.rare).split())
        weekdays = set(self._weekdays) - rare
        forms = {
            "count": f"(?P<count>{self._count()})",
            "unit": _group("unit", self._units),
            "season": _group("season", self._seasons),
            "weekday": _group("weekday", weekdays),
            "rare": _group("weekday", rare),
            "number": r"(?P<number>\d{1,2})",
            "month": _group("month", self._months),
            "nth": _group("nth", self._ordinals),
            "first": rf"(?<!\d)(?P<first>[0-3]?\d{suffix})(?!\d)",
            "day": rf"(?<!\d)(?P<day>{'|'.join(day)})(?!\d)",
        }
        several = "|".join(forms[name] for name in ("unit", "season", "weekday", "month"))
        return forms | {"span": f"(?:{several})"}

    def _bounded(self, template: str) -> re.Pattern[str]:
        pattern = folded_pattern(template)
        for name, form in self._placeholders.items():
            pattern = pattern.replace(f"{{{name}}}", form)
        spaced = pattern.replace(" ", r"\s+")
        return re.compile(rf"(?<!\w)(?:{spaced})(?!\w)" if self._language.spaced else spaced)

    def _marks_after(self) -> dict[Any, str]:
        language = self._language
        others = {"day part": "|".join(language.day_parts)}
        if language.marks_after:
            others["article"] = language.articles
        return {**language.marks_after, **others}

    def _marks_before(self) -> dict[Any, str]:
        language = self._language
        others = {"day part": "|".join(language.day_parts), "article": language.articles}
        return {**language.marks, **others}

    def _ending(self, words: str) -> re.Pattern[str]:
        """At the end of a word at least, as in Montagabend."""
        pattern = folded_pattern(words).replace(" ", r"\s+")
        return re.compile(rf"(?:{pattern})(?!\w)" if self._language.spaced else pattern)

    def _marks(self, marks: Mapping[Any, str], *, at_end: bool) -> re.Pattern[str]:
        groups = [
            f"(?P<{kind.replace(' ', '_')}>{folded_pattern(words).replace(' ', '[ ]+')})"
            for kind, words in marks.items()
            if words
        ]
        if not groups:
            return re.compile(r"(?!)")
        if at_end:
            boundary = r"(?<!\w)" if self._language.spaced else ""
            return re.compile(rf"{boundary}(?:{'|'.join(groups)})\s*$")
        boundary = r"(?!\w)" if self._language.spaced else ""
        return re.compile(rf"\s*(?:{'|'.join(groups)}){boundary}")

    def _relative(self) -> Iterator[tuple[re.Pattern[str], Unit, int]]:
        for (unit, count), phrases in self._names.relative.items():
            if phrases:
                yield self._bounded("|".join(map(_escaped, phrases))), unit, count

    def _counted(self) -> Iterator[tuple[re.Pattern[str], Unit]]:
        for unit, patterns in self._names.counted.items():
            if patterns:
                yield self._bounded("|".join(patterns)), unit


def _ends_monthday(language: Language) -> re.Pattern[str]:
    refused = "|".join(folded_in_place(language.no_monthday_before).split())
    if refused:
        return re.compile(rf"(?!\s*(?:\d|(?:{refused})\b))")
    allowed = "|".join(folded_in_place(language.monthday_before).split())
    if not allowed:
        return re.compile("")
    return re.compile(rf"{_ENDS_CLAUSE.pattern}|\s*[-–—]|\s+(?:{allowed})\b")


def _escaped(phrase: str) -> str:
    return re.escape(phrase).replace(r"\ ", " ")


def _longest_first(words: Iterable[str]) -> list[str]:
    return sorted(words, key=len, reverse=True)


def _group(name: str, words: Iterable[str]) -> str:
    alternatives = "|".join(map(_escaped, _longest_first(words)))
    return f"(?P<{name}>{alternatives or '(?!)'})"
