"""How many values a JSON body has: to read millions of tiny ones takes seconds."""

import json
import re
from typing import Final

from retrieval.wire import MAX_BATCH_MESSAGES

MAX_VALUES: Final = 10_000
"""Parted by commas; read and checked in some 20 ms."""
LOOKED_INTO: Final = 6 * MAX_VALUES
"""Up to here it is found out whether there are too many items, which the fields' errors tell."""
MOST_FIELDS: Final = 16

# It also ends with the body, and where it is longer than any text may be: else each quote inside
# would be tried.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.){0,300000}+(?:"|\\?\Z)?', re.DOTALL)


def has_too_many_values(body: bytes) -> bool:
    """False for a list that is longer than any may be: its items are not read."""
    commas = _commas(body, most=LOOKED_INTO)
    if commas <= MAX_VALUES:
        return False
    return commas > LOOKED_INTO or not _has_too_long_list(body)


def _commas(body: bytes, *, most: int) -> int:
    """Outside of strings; counting stops above `most`."""
    if (commas := body.count(b",")) <= MAX_VALUES:
        return commas
    commas = at = 0
    for strings, string in enumerate(_STRING.finditer(body)):
        commas += body.count(b",", at, string.start())
        at = string.end()
        if commas > most or strings > 3 * most:
            return most + 1
    return commas + body.count(b",", at)


def _has_too_long_list(body: bytes) -> bool:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return True  # is refused for what it is
    fields = parsed.values() if isinstance(parsed, dict) and len(parsed) <= MOST_FIELDS else ()
    return any(isinstance(field, list) and len(field) > MAX_BATCH_MESSAGES for field in fields)
