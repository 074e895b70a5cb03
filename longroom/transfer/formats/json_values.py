"""The values of a JSON or JSONL file one after the other, without reading all of it first."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

FIRST_TRY_CHARS = 65_536

_BETWEEN = re.compile(r"[\s,]*")


@dataclass(frozen=True)
class BrokenJson:
    line: int
    raw: bytes
    reason: str


def json_values(lines: Iterator[str], *, key: str) -> Iterator[object]:
    """Of a JSONL file, a list, or an object with such a list under `key`.

    In a JSONL file a broken line is one BrokenJson; in others it is the end.
    """
    first = next((line for line in lines if line.strip()), "")
    if _is_json(first) and not _opens_list(first, key):
        yield from _line_by_line(first, lines, key)
    else:
        yield from _listed(first, lines, key)


def _line_by_line(first: str, lines: Iterator[str], key: str) -> Iterator[object]:
    for number, line in enumerate(chain([first], lines), start=1):
        if not line.strip():
            continue
        try:
            yield from _unwrapped(json.loads(line), key)
        except (ValueError, RecursionError) as error:
            yield BrokenJson(number, _bytes(line), str(error))


def _listed(first: str, lines: Iterator[str], key: str) -> Iterator[object]:
    decoder = json.JSONDecoder()
    more, count = _take(lines, FIRST_TRY_CHARS - len(first))
    text, number = first + more, 1 + count
    opening = _opening(key).match(text)
    at = opening.end() if opening else 0
    while True:
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        if text.startswith("]", at):
            return
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            # Twice as much each time: a long value is not parsed again for each of its lines.
            text, at = text[at:], 0
            more, count = _take(lines, max(len(text), FIRST_TRY_CHARS))
            if not more:
                if text:
                    yield BrokenJson(number, _bytes(text[:1000]), str(error))
                return
            text, number = text + more, number + count
        else:
            yield from _unwrapped(value, key)


def _unwrapped(value: object, key: str) -> Iterator[object]:
    if isinstance(value, dict) and isinstance(value.get(key), list):
        yield from value[key]
    elif isinstance(value, list):
        yield from value
    else:
        yield value


def _take(lines: Iterator[str], chars: int) -> tuple[str, int]:
    taken: list[str] = []
    size = 0
    while size < chars and (line := next(lines, None)) is not None:
        taken.append(line)
        size += len(line)
    return "".join(taken), len(taken)


def _opening(key: str) -> re.Pattern[str]:
    return re.compile(rf'\s*(?:\[|\{{\s*"{re.escape(key)}"\s*:\s*\[)')


def _opens_list(line: str, key: str) -> bool:
    return _opening(key).match(line) is not None


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
