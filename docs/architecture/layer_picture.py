"""Draws a package's layers: a band for each, and the imports between their boxes downwards.

An import that passes a layer keeps a place of its own in it, and so runs beside the boxes.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from docs.architecture import svg
from docs.architecture.layers import Arrow, Layers

BOX_HEIGHT = 28
ROW_HEIGHT = 62
CHARACTER = 7.4
GAP = 18
MARGIN = 24
MIN_WIDTH = 560
SWEEPS = 12


@dataclass
class _Place:
    """A box, or where an arrow passes a row. `x` is its middle."""

    label: str
    x: float = 0.0

    @property
    def width(self) -> float:
        return len(self.label) * CHARACTER + 24 if self.label else 4


Line = list[_Place]
"""An arrow's places, from the importer's box down to the imported one's."""


def layer_picture(layers: Layers) -> str:
    rows: list[list[_Place]] = [[_Place(name) for name in row] for row in layers.rows]
    lines = [_line(arrow, rows) for arrow in sorted(layers.arrows)]
    _arrange(rows, lines)
    return _drawn(rows, lines)


def _line(arrow: Arrow, rows: list[list[_Place]]) -> Line:
    importer, imported = arrow
    (top, first), (bottom, last) = _find(importer, rows), _find(imported, rows)
    passed = [_Place("") for _ in range(top + 1, bottom)]
    for number, place in enumerate(passed, start=top + 1):
        rows[number].append(place)
    return [first, *passed, last]


def _find(name: str, rows: list[list[_Place]]) -> tuple[int, _Place]:
    return next(
        (number, place) for number, row in enumerate(rows) for place in row if place.label == name
    )


def _arrange(rows: list[list[_Place]], lines: Sequence[Line]) -> None:
    """Move places to the middle of what they are joined to: first in any order, then in that."""
    joined = _joined(lines)
    for row in rows:
        _spread(row, [0.0] * len(row))
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 else reversed(rows):
            wished = {id(place): _middle(joined.get(id(place), [place])) for place in row}
            if sweep < SWEEPS // 2:
                row.sort(key=lambda place: wished[id(place)])
            _spread(row, [wished[id(place)] for place in row])
    places = list(chain.from_iterable(rows))
    left = min(place.x - place.width / 2 for place in places)
    right = max(place.x + place.width / 2 for place in places)
    margin = max(MARGIN, (MIN_WIDTH - (right - left)) / 2)
    for place in places:
        place.x += margin - left


def _joined(lines: Sequence[Line]) -> dict[int, list[_Place]]:
    """The places above and below each place, by its `id`."""
    joined: defaultdict[int, list[_Place]] = defaultdict(list)
    for line in lines:
        for upper, lower in pairwise(line):
            joined[id(upper)].append(lower)
            joined[id(lower)].append(upper)
    return joined


def _spread(row: Sequence[_Place], wished: Sequence[float]) -> None:
    """As near to what is wished as the widths allow: half way between pushing right and left."""
    rightwards = _pushed(row, wished)
    leftwards = [-x for x in _pushed(row[::-1], [-x for x in wished[::-1]])][::-1]
    for place, right, left in zip(row, rightwards, leftwards, strict=True):
        place.x = (right + left) / 2


def _pushed(row: Sequence[_Place], wished: Sequence[float]) -> list[float]:
    pushed: list[float] = []
    end = float("-inf")
    for place, x in zip(row, wished, strict=True):
        pushed.append(max(x, end + GAP + place.width / 2))
        end = pushed[-1] + place.width / 2
    return pushed


def _middle(places: Iterable[_Place]) -> float:
    positions = [place.x for place in places]
    return sum(positions) / len(positions)


def _drawn(rows: list[list[_Place]], lines: Sequence[Line]) -> str:
    right = max(place.x + place.width / 2 for row in rows for place in row) + MARGIN
    width = max(right, MIN_WIDTH)
    top = {id(place): _top(number) for number, row in enumerate(rows) for place in row}
    bands = [
        svg.rectangle("band", (8, _top(number) - 10), width - 16, BOX_HEIGHT + 20)
        for number in range(len(rows))
    ]
    arrows = [svg.arrow(_points(line, top)) for line in lines]
    boxes = [part for row in rows for place in row for part in _box(place, top[id(place)])]
    return svg.document(width, _top(len(rows)), [*bands, *arrows, *boxes])


def _top(row: int) -> float:
    return MARGIN + row * ROW_HEIGHT


def _points(line: Line, top: dict[int, float]) -> list[svg.Point]:
    first, *passed, last = line
    points = [(first.x, top[id(first)] + BOX_HEIGHT)]
    for place in passed:
        points += [(place.x, top[id(place)]), (place.x, top[id(place)] + BOX_HEIGHT)]
    return [*points, (last.x, top[id(last)])]


def _box(place: _Place, top: float) -> list[str]:
    if not place.label:
        return []
    corner = (place.x - place.width / 2, top)
    return [
        svg.rectangle("box", corner, place.width, BOX_HEIGHT),
        svg.label(place.label, (place.x, top + 18)),
    ]
