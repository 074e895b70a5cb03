"""What a language's table holds, and how it is written.

A table needs no program: a native speaker copies one of `languages/` and replaces its words.
Months and weekdays are dateparser's; a table adds only forms that it lacks.

`a b c` is a list of words (`a_b` is one with a space), `a|b c` a list of phrases. Phrases and
templates may use regular expressions; a space stands for any space. In templates, `{count}`,
`{unit}`, `{span}` (a unit, weekday, month or season), `{day}` (a day's number), `{month}` and
`{nth}` stand for words of the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from retrieval.search.query.days.calendar.periods import Hours, Season, Unit

Kind = Literal[
    "ago",  # "{count} {unit} ago"
    "half ago",  # "half a {unit} ago"
    "and a half ago",  # "{count} {unit} and a half ago"
    "rolling",  # "the last {count} {unit}", up to today
    "last",
    "this",
    "before last",
    "weekend",  # the latest weekend: "over the weekend"
    "date",  # "{day} {month}"
    "dates",  # "{first} to {day} {month}"
    "quarter",  # "the {nth} quarter"
    "sure monthday",
    "monthday",  # "the {day}": a day of this month or the last
    "bare unit",  # "the {unit}" in "the end of the month"
    "calendar week",  # "calendar week {number}"
    "latest",  # "on {weekday}", where the words around are needed
    "year",  # for languages that mark it: 2026年
    "weekday last week",  # for languages that join the two: 上周一
    "weekday this week",
]
Mark = Literal[
    "before", "since", "until", "after",  # limits
    "from", "between", "and", "to",  # ranges; "from" also what stands before people: "by"
    "in",  # all else that stands before days
    "early", "mid", "late", "around",
    "first half", "second half", "week of",
    "first week", "second week", "third week", "fourth week", "last week",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Language:
    code: str
    """dateparser's."""
    name: str
    """PostgreSQL's, as in `wire/languages.py`."""
    function_words: str = ""
    """The most frequent words: they tell the language of a query."""
    articles: str = ""
    """Phrases that may stand between the words for days and say nothing."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    tens: str = ""
    """How ones and tens are joined to a number: "{tens}-{ones}"."""
    units: Mapping[str, Unit] = field(default_factory=dict)
    seasons: Mapping[str, Season] = field(default_factory=dict)
    months: Mapping[str, int] = field(default_factory=dict)
    weekdays: Mapping[str, int] = field(default_factory=dict)
    """From Monday, 0."""
    ordinals: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)
    """Phrases, and how many days ago that was."""
    holidays: Mapping[str, tuple[tuple[int, int], int]] = field(default_factory=dict)
    """Phrases, and month, day and length of what they name."""
    day_parts: Mapping[str, Hours] = field(default_factory=dict)
    """Phrases beside a day, and their hours."""
    rare: str = ""
    """Weekdays that count in templates for weekdays only: "Sun"."""
    nights: str = ""
    """Phrases for the night from yesterday to today."""
    templates: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)
    marks: Mapping[Mark, str] = field(default_factory=dict)
    marks_after: Mapping[Mark, str] = field(default_factory=dict)
    """Marks that follow the days."""
    triggers: str = ""
    """Words in templates that alone may name days: "fortnight"."""
    bare_monthday: bool = False
    """Whether a day's number has no ending: "le 14"."""
    blocked_by: str = ""
    """Phrases before days that are not past or not single ones: "next", "every"."""
    certain: str = ""
    """Seasons that count without a preposition."""
    ambiguous: str = ""
    """Months and weekdays that are also names or other words."""
    day_suffix: str = ""
    """Of a day's number: "th"."""
    monthday_before: str = ""
    """Words of which one must follow a day's number alone, if any: "the 14th" is also a floor."""
    no_monthday_before: str = ""
    """Words that must not follow it."""
    spaced: bool = True
