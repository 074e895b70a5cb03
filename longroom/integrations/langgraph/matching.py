"""Whether an item's value passes a filter, and a namespace a condition."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from langgraph.store.base import MatchCondition

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": operator.eq,
    "$ne": operator.ne,
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}


def passes(value: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    """Raises ValueError for an operator that is not known."""
    return all(_passes(value.get(field), one) for field, one in (wanted or {}).items())


def matches(namespace: tuple[str, ...], conditions: Iterable[MatchCondition]) -> bool:
    return all(_matches(namespace, condition) for condition in conditions)


def _passes(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(value == wanted)
    if not any(str(name).startswith("$") for name in wanted):
        return isinstance(value, Mapping) and passes(value, wanted)
    return all(_compared(value, name, other) for name, other in wanted.items())


def _compared(value: Any, name: str, other: Any) -> bool:
    if name not in _OPERATORS:
        raise ValueError(f"{name!r} is no operator; there are {', '.join(_OPERATORS)}")
    try:
        return _OPERATORS[name](value, other)
    except TypeError:  # of different kinds, or missing
        return False


def _matches(namespace: tuple[str, ...], condition: MatchCondition) -> bool:
    path = condition.path
    if len(path) > len(namespace):
        return False
    start = 0 if condition.match_type == "prefix" else len(namespace) - len(path)
    labels = namespace[start : start + len(path)]
    return all(wanted in ("*", label) for label, wanted in zip(labels, path, strict=True))
