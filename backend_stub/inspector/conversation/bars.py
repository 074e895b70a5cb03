"""Figures as bars: drawn with attributes, as the page's policy has no inline styles."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final

from retrieval.weights import Weights

WIDTH: Final = 100.0
_ORDER: Final = {part.name: place for place, part in enumerate(fields(Weights))}


@dataclass(frozen=True)
class Bar:
    """From `start`, `width` long, of 100; a negative value goes left from `zero`."""

    name: str
    value: float
    start: float
    width: float
    zero: float

    @property
    def is_negative(self) -> bool:
        return self.value < 0


def bars(values: Mapping[str, float], *, lowest: float, highest: float) -> list[Bar]:
    """All on the scale from `lowest` to `highest`, which are those of everything compared."""
    low, high = min(lowest, 0.0), max(highest, 0.0)
    span = (high - low) or 1.0
    zero = -low / span * WIDTH
    made = []
    for name, value in values.items():
        width = min(abs(value) / span * WIDTH, WIDTH)
        start = zero - width if value < 0 else zero
        made.append(
            Bar(name.replace("_", " "), value, round(start, 2), round(width, 2), round(zero, 2))
        )
    return made


def score_bars(parts: Iterable[Mapping[str, float] | None]) -> list[list[Bar]]:
    """Of each hit's score, in one order; equal lengths are equal values in all of them."""
    known = [dict(sorted((part or {}).items(), key=_place)) for part in parts]
    values = [value for part in known for value in part.values()]
    low, high = min(values, default=0.0), max(values, default=0.0)
    return [bars(part, lowest=low, highest=high) for part in known]


def _place(part: tuple[str, float]) -> int:
    return _ORDER.get(part[0], len(_ORDER))
