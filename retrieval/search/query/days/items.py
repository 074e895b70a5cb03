"""Expressions for days with the words around them that limit, join or divide them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from retrieval.search.query.days.calendar.parts import PARTS, part_of
from retrieval.search.query.days.calendar.periods import (
    DAY,
    Period,
    moved_back,
    moved_to_year,
    same_month,
)
from retrieval.search.query.days.expressions.atoms import Atom, find_atoms
from retrieval.search.query.days.expressions.offsets import Offset, find_offset
from retrieval.search.query.days.words.vocabulary import Vocabulary

MARK_CHARS = 40
"""How far before days a mark may begin."""
_LIMITS = frozenset(("before", "since", "until", "after"))
_JOINING = frozenset(("and", "to", "until"))
_OUTERMOST = _LIMITS | _JOINING | {"from", "between"}
_PREPOSITIONS = _LIMITS | {"in", "between", *PARTS}


@dataclass(frozen=True)
class Item:
    """An expression with the marks before and behind it, the innermost first."""

    start: int
    end: int
    period: Period
    before: tuple[str, ...]
    behind: tuple[str, ...]
    adjacent: bool
    """Nothing but marks stands between it and the item before."""
    certain: bool
    offset: Offset | None = None
    """How far before or after it the days are."""

    @property
    def marks(self) -> tuple[str, ...]:
        return (*self.before, *self.behind)

    @property
    def limit(self) -> str | None:
        return self.limit_behind or self.limit_before

    @property
    def limit_before(self) -> str | None:
        return next((mark for mark in self.before if mark in _OUTERMOST), None)

    @property
    def limit_behind(self) -> str | None:
        return next((mark for mark in self.behind if mark in _OUTERMOST), None)

    @property
    def joined_by(self) -> str | None:
        return self.limit_before if self.adjacent and self.limit_before in _JOINING else None


def find_items(text: str, words: Vocabulary, now: datetime) -> list[Item]:
    """In order; those joined that only tell more of each other. `text` is folded."""
    return _apart(_composed(_items(text, words, now)))


def _items(text: str, words: Vocabulary, now: datetime) -> list[Item]:
    items: list[Item] = []
    atoms = find_atoms(text, words, now)
    for place, atom in enumerate(atoms):
        if items and _swallows(text, words, atom, items[-1]):
            items.pop()
        begin = items[-1].end if items else 0
        end = atoms[place + 1].start if place + 1 < len(atoms) else len(text)
        item = _marked(text, words, now, atom, begin=begin, end=end)
        if item is not None:
            items.append(item)
    return items


def _swallows(text: str, words: Vocabulary, atom: Atom, before: Item) -> bool:
    """Whether "last week" only begins "last week of November"."""
    mark = words.before.search(text, max(0, atom.start - MARK_CHARS), atom.start)
    whole = "week" in (mark.lastgroup or "") if mark else False
    return mark is not None and whole and mark.start() < before.end


def _marked(
    text: str, words: Vocabulary, now: datetime, atom: Atom, *, begin: int, end: int
) -> Item | None:
    """The atom with the marks around it; None if a mark makes it something else."""
    before: list[str] = []
    start = atom.start
    while match := words.before.search(text, max(begin, start - MARK_CHARS), start):
        mark = _mark(match)
        if mark in ("and", "to") and not _is_adjacent(text, begin, match.start()):
            break
        start = match.start()
        before.append(mark)
        if mark in _OUTERMOST:
            break
    if words.blocked.search(text, max(begin, start - MARK_CHARS), start):
        return None
    behind: list[str] = []
    close = atom.end
    while match := words.after.match(text, close, end):
        close = match.end()
        behind.append(_mark(match))
    adjacent = _is_adjacent(text, begin, start)
    ends = words.ends_clause.match(text, close) is not None
    period = _at_hours(atom.period, text[start:close], words)
    certain = _is_certain(atom.period, [*before, *behind], ends_clause=ends)
    if atom.period.needs == "part" and not certain:
        return None
    offset = _offset(text, words, now, before, begin=begin, start=start)
    start = offset.start if offset else start
    return Item(start, close, period, tuple(before), tuple(behind), adjacent, certain, offset)


def _offset(
    text: str, words: Vocabulary, now: datetime, marks: Sequence[str], *, begin: int, start: int
) -> Offset | None:
    if not marks or marks[-1] not in ("before", "after"):
        return None
    return find_offset(text, words, now, begin=begin, end=start)


def _at_hours(period: Period, text: str, words: Vocabulary) -> Period:
    """A single day, at the part of it that the text names."""
    if period.first != period.last:
        return period
    found = [
        (match.start(), hours)
        for pattern, hours in words.day_parts
        if (match := pattern.search(text))
    ]
    if not found:
        return period
    _, (begin, end) = min(found)
    last = period.last + DAY if begin > end else period.last
    return replace(period, last=last, hours=(begin, end))


def _is_adjacent(text: str, end_before: int, start: int) -> bool:
    return end_before > 0 and not text[end_before:start].strip(" ,、")


def _mark(match: re.Match[str]) -> str:
    return (match.lastgroup or "").replace("_", " ")


def _is_certain(period: Period, marks: Sequence[str], *, ends_clause: bool) -> bool:
    if period.needs == "nothing":
        return True
    if period.needs == "part":
        return any(mark in PARTS for mark in marks)
    if period.needs == "preposition":
        return any(mark in _PREPOSITIONS for mark in marks)
    if period.needs == "company":
        return False
    meant = [mark for mark in marks if mark not in ("and", "to", "article")]
    return bool(meant) or (period.grain == "weekday" and ends_clause)


def _composed(items: Sequence[Item]) -> list[Item]:
    """With those joined that only tell more of each other: "November" and "last year"."""
    done: list[Item] = []
    for item in items:
        tells_more = item.adjacent and item.limit_before in (None, "from")
        both = _together(done[-1], item) if done and tells_more else None
        if both is None:
            done.append(item)
            continue
        first = done.pop()
        before, behind = (*item.before, *first.before), (*first.behind, *item.behind)
        inner = tuple(mark for mark in before if mark != "from" or mark in first.before)
        done.append(
            replace(
                first,
                end=item.end,
                period=both,
                before=inner,
                behind=behind,
                certain=True,
                offset=first.offset or item.offset,
            )
        )
    return done


def _apart(items: Sequence[Item]) -> list[Item]:
    """With the days that are told by their distance from others."""
    done: list[Item] = []
    for item in items:
        offset, start = item.offset, item.start
        if done and _is_weekday_beside(done[-1], item):
            weekday = done.pop()
            start = weekday.start
            offset = Offset(start, 1, None, weekday.period.first.weekday())
        if offset is None:
            done.append(item)
            continue
        moved = offset.before if item.limit_before == "before" else offset.after
        period = moved(part_of(item.period, item.marks))
        done.append(replace(item, start=start, period=period, before=(), behind=(), certain=True))
    return done


def _is_weekday_beside(first: Item, second: Item) -> bool:
    """ "The Sunday before 3 May"."""
    beside = second.adjacent and second.limit_before in ("before", "after")
    return beside and first.period.grain == "weekday" and second.period.grain != "weekday"


def _together(first: Item, second: Item) -> Period | None:
    return _within(first.period, second.period) or _within(second.period, first.period)


def _within(small: Period, large: Period) -> Period | None:
    if small.grain == "weekday" and large.grain == "week":
        return moved_back(small, (small.first - large.first).days // 7 * 7)
    if small.grain == "monthday" and large.grain == "month":
        return same_month(small, large)
    if (small.yearly or small.grain == "quarter") and large.grain == "year":
        return moved_to_year(small, large.first.year)
    if small.grain in ("day", "monthday") and large.grain == "weekday":
        return replace(small, needs="nothing")
    return None
