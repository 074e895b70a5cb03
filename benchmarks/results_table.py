"""Turns the JSON of any measurement into Markdown tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def tables(result: Row) -> Iterator[str]:
    """Parts with mostly the same keys become rows of one table; the rest is listed by name."""
    rest: dict[str, Any] = {}
    parts = {name: value for name, value in result.items() if isinstance(value, dict)}
    if _alike(list(parts.values())):
        rest = {name: value for name, value in result.items() if name not in parts}
        yield table(parts)
    else:
        for name, value in result.items():
            rows = _rows(value)
            if rows:
                yield table(rows, corner=name)
            else:
                rest[name] = value
    if rest:
        yield table({name: {"value": value} for name, value in flat(rest).items()})


def table(
    rows: Mapping[str, Row], *, columns: Mapping[str, str] | None = None, corner: str = ""
) -> str:
    """`columns` maps flat names of figures to titles; all figures by default."""
    flattened = {name: flat(row) for name, row in rows.items()}
    titles = columns or {key: key for row in flattened.values() for key in row}
    lines = [[corner, *titles.values()], ["---"] + ["--:"] * len(titles)]
    lines += [[name, *(_cell(row.get(key)) for key in titles)] for name, row in flattened.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def flat(row: Row) -> dict[str, Any]:
    """Joins nested names with a space; leaves out lists of objects."""
    figures: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            figures |= {f"{name} {inner}": one for inner, one in flat(value).items()}
        elif not _rows(value):
            figures[name] = value
    return figures


def _rows(value: Any) -> dict[str, Row]:
    """The rows of a list or dictionary of objects; empty for anything else."""
    if isinstance(value, list):
        value = {str(number): one for number, one in enumerate(value, start=1)}
    if isinstance(value, dict) and value and all(isinstance(one, dict) for one in value.values()):
        return value
    return {}


def _alike(parts: Sequence[Row]) -> bool:
    """Whether at least two parts share half of their keys."""
    if len(parts) < 2:
        return False
    shared = set.intersection(*(set(part) for part in parts))
    return len(shared) * 2 >= max(len(part) for part in parts)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list):
        return ", ".join(_cell(one) for one in value)
    return str(value).replace("|", "/")
