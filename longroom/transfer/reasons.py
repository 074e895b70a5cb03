"""What is wrong with a line of a file: the field, and what to change; and how often what is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import ErrorDetails

from longroom.transfer.formats.format import Rejected

REMEDIES: dict[str, str] = {
    "missing": "is missing",
    "timezone_aware": "has no time zone; write it as in 2025-01-14T10:20:00Z, or tell whose clock"
    " it is with --time-zone Europe/Berlin",
    "extra_forbidden": "is not a field of a message; remove it or import with --ignore-unknown",
    "string_too_long": "is longer than {max_length} characters; shorten or split it",
    "string_too_short": "is empty",
    "literal_error": "must be {expected}",
    "string_unicode": "is not UTF-8; save the file as UTF-8",
}
NO_TIME = "must be a time such as 2025-01-14T10:20:00Z, or seconds since 1970"


def reason(error: ErrorDetails) -> str:
    field_name = ".".join(str(part) for part in error["loc"])
    context: dict[str, Any] = error.get("ctx", {})
    remedy = NO_TIME if error["type"].startswith("datetime_") else REMEDIES.get(error["type"])
    said = remedy.format_map(context) if remedy else error["msg"].removeprefix("Value error, ")
    return f"{field_name}: {said}"


_VARIES = re.compile(r"'(?:[^'\\]|\\.)*'|\d+")
"""Ids, places and numbers: reasons that differ in them alone are one."""


@dataclass
class ReasonCount:
    first: Rejected
    count: int = 0


@dataclass
class ReasonCounts:
    """How many lines were rejected for which reason, each shown as the first of them has it."""

    _counts: dict[str, ReasonCount] = field(default_factory=dict)

    def add(self, rejected: Iterable[Rejected]) -> None:
        for each in rejected:
            kind = _VARIES.sub("…", each.reason)
            self._counts.setdefault(kind, ReasonCount(each)).count += 1

    @property
    def total(self) -> int:
        return sum(each.count for each in self._counts.values())

    def most_frequent(self) -> list[ReasonCount]:
        """Of equal counts the one that came first."""
        return sorted(self._counts.values(), key=lambda each: -each.count)
