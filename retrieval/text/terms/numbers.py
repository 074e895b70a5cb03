"""Numbers in one form each: amounts, telephone numbers, and ids typed in groups."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

SUFFIX: Final = "~"
"""Marks the last digits of a longer number."""
SUFFIX_DIGITS: Final = (9, 7, 4)
"""By the last nine or seven digits national and international spellings of a number meet; people
give the last four of cards, orders and accounts."""
MOST_DIGITS: Final = 20
LEAST_JOINED: Final = 5
MOST_GROUPS: Final = 8
MOST_DECIMALS: Final = 3

_MULTIPLIERS = {
    "k": 1_000, "tsd": 1_000, "thousand": 1_000, "tausend": 1_000, "mille": 1_000, "mil": 1_000,
    "тыс": 1_000, "m": 1_000_000, "mn": 1_000_000, "mio": 1_000_000, "million": 1_000_000,
    "millions": 1_000_000, "millionen": 1_000_000, "millones": 1_000_000, "млн": 1_000_000,
    "bn": 1_000_000_000, "billion": 1_000_000_000, "mrd": 1_000_000_000, "млрд": 1_000_000_000,
}  # fmt: skip
_SEQUENCE = re.compile(
    r"(?<![^\W_])\+?\(?(\d+(?:(?:[-.,'/ ]| - |\)[ -]?| ?\()\d+)*)(?!\d|[^\W\d_]+\d)"
    rf"(?: ?({'|'.join(_MULTIPLIERS)})\b)?",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_GROUP = re.compile(r"\d+")
_DATE = re.compile(r"(?:(?:19|20)\d\d([-./])\d{1,2}\1\d{1,2}|\d{1,2}([-./])\d{1,2}\2(?:19|20)\d\d)")


@dataclass(frozen=True)
class Number:
    whole: tuple[str, ...]
    """The number in its canonical forms; several where its notation is ambiguous, as in 1.234."""
    parts: tuple[str, ...]
    """Its groups, and neighbouring ones joined: a sequence may be several numbers."""


def suffixes(digits: str) -> list[str]:
    """The longest first; none of a short number."""
    return [SUFFIX + digits[-count:] for count in SUFFIX_DIGITS if len(digits) > count]


def numbers(text: str) -> Iterator[Number]:
    """Of a readable text of spaced words."""
    if not _DIGIT.search(text):
        return
    for match in _SEQUENCE.finditer(text):
        number = _number(match[1])
        yield _multiplied(number, match[2].lower()) if match[2] else number


def _multiplied(number: Number, unit: str) -> Number:
    """`12k` is 12000 first, and also 12."""
    times = _MULTIPLIERS[unit]
    whole = dict.fromkeys(str(int(Decimal(one) * times)) for one in number.whole)
    return Number(tuple(whole), (*number.whole, *number.parts))


def _number(written: str) -> Number:
    groups = _GROUP.findall(written)
    if len(groups) == 1:
        return Number((groups[0],), _without_zeros(groups[0]))
    if _DATE.fullmatch(written):
        return Number((), tuple(groups))
    marks = [mark.strip(" ()") or " " for mark in _GROUP.split(written)[1:-1]]
    joined = "".join(groups)
    whole = dict.fromkeys(_amounts(groups, marks))
    if not whole and LEAST_JOINED <= len(joined) <= MOST_DIGITS and len(groups) <= MOST_GROUPS:
        whole[joined] = None
    return Number(tuple(whole), tuple(dict.fromkeys([*groups, *_neighbours(groups)])))


def _without_zeros(digits: str) -> tuple[str, ...]:
    """Forms fill an id with zeros in front, and people leave them out."""
    bare = digits.lstrip("0")
    return (bare,) if bare and bare != digits else ()


def _amounts(groups: Sequence[str], marks: Sequence[str]) -> Iterator[str]:
    last = marks[-1]
    grouped = len(groups[0]) <= 3 and all(2 <= len(group) <= 3 for group in groups[1:-1])
    if last in ".," and last not in marks[:-1] and len(set(marks[:-1])) == 1 and grouped:
        yield _canonical("".join(groups[:-1]), groups[-1])
    elif last in ".," and len(marks) == 1 and len(groups[1]) <= MOST_DECIMALS:
        yield _canonical(groups[0], groups[1])
    if len(set(marks)) == 1 and grouped and len(groups[-1]) == 3:
        yield _canonical("".join(groups))


def _canonical(whole: str, fraction: str = "") -> str:
    fraction = fraction.rstrip("0")
    number = whole.lstrip("0") or "0"
    return f"{number}.{fraction}" if fraction else number


def _neighbours(groups: Sequence[str]) -> Iterator[str]:
    for size in (2, 3):
        for first in range(len(groups) - size + 1):
            joined = "".join(groups[first : first + size])
            if size < len(groups) and LEAST_JOINED <= len(joined) <= MOST_DIGITS:
                yield joined
