"""JSONL: a message a line, as `longroom export` writes it."""

from collections.abc import Iterator
from typing import ClassVar

import orjson

from longroom.transfer.formats.format import Record, Rejected
from longroom.transfer.source import MAX_LINE_BYTES, Source


class Jsonl:
    name: ClassVar[str] = "jsonl"
    has_local_times: ClassVar[bool] = False

    def recognises(self, source: Source) -> bool:
        return not (source.names or source.head.strip()) or any(
            line.lstrip().startswith("{") for line in source.head.splitlines()
        )

    def records(self, source: Source) -> Iterator[Record | Rejected]:
        for number, raw in source.lines():
            yield record_of(raw, number=number)


def record_of(raw: bytes, *, number: int) -> Record | Rejected:
    if len(raw) > MAX_LINE_BYTES:
        return Rejected(number, raw, f"longer than {MAX_LINE_BYTES:,} bytes; split the message")
    try:
        fields = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return Rejected(number, raw, f"not JSON: {error}")
    if not isinstance(fields, dict):
        return Rejected(number, raw, "not a JSON object; write {…} with the message's fields")
    return Record(number, raw, fields)
