"""Splits an SQL script into statements."""

import re
from collections.abc import Iterator

# Everything that may contain a semicolon which does not end a statement, and the one that does.
_TOKEN = re.compile(
    r"""
      --[^\n]*
    | /\*.*?\*/
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    | (?P<end>;)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENTS = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def statements(script: str) -> Iterator[str]:
    """In order, without mere comments; no nested block comments or backslash escapes (`E'…'`)."""
    start = 0
    for token in _TOKEN.finditer(script):
        if token["end"]:
            yield from _unless_empty(script[start : token.start()])
            start = token.end()
    yield from _unless_empty(script[start:])


def _unless_empty(statement: str) -> Iterator[str]:
    if _COMMENTS.sub("", statement).strip():
        yield statement.strip()
