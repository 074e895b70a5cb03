"""Two answers to one question, and where they differ."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

UNEQUAL = frozenset({"timings"})
"""What two answers may differ in."""


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Places in the answers, with both values: `hits 0 score: 0.5 / 0.25`."""
    return list(_differing(_compared(one), _compared(other), ()))


def equal(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return _compared(one) == _compared(other)


def _compared(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in UNEQUAL}


def _differing(one: Any, other: Any, place: Sequence[str]) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in dict.fromkeys((*one, *other)):
            yield from _differing(one.get(name), other.get(name), (*place, name))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from _differing(*pair, (*place, str(number)))
    elif one != other:
        yield f"{' '.join(place)}: {one!r:.80} / {other!r:.80}"
