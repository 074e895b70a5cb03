"""JSON objects that PostgreSQL can store, bounded in size and depth."""

import json
import math
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue

from retrieval.wire.text import storable

MAX_EVENT_DATA_BYTES = 16_384  # also of a session's usage
MAX_DATA_DEPTH = 32
MAX_DATA_NUMBER = 2**63 - 1
MAX_METADATA_BYTES = 4_096
MAX_METADATA_DEPTH = 8


def _storable_data(data: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return _storable(data, max_depth=MAX_DATA_DEPTH, max_bytes=MAX_EVENT_DATA_BYTES)


def _storable_metadata(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return _storable(metadata, max_depth=MAX_METADATA_DEPTH, max_bytes=MAX_METADATA_BYTES)


def _storable(
    data: dict[str, JsonValue], *, max_depth: int, max_bytes: int
) -> dict[str, JsonValue]:
    if not data:
        return data
    _check(data, depth=max_depth, max_depth=max_depth)
    if len(json.dumps(data, ensure_ascii=False).encode()) > max_bytes:
        raise ValueError(f"must have at most {max_bytes} bytes as JSON; send less")
    return data


def _check(value: JsonValue, *, depth: int, max_depth: int) -> None:
    if depth == 0:
        raise ValueError(f"must not be nested deeper than {max_depth} levels; flatten it")
    if isinstance(value, dict):
        for key, item in value.items():
            storable(key)
            _check(item, depth=depth - 1, max_depth=max_depth)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth=depth - 1, max_depth=max_depth)
    else:
        _check_leaf(value)


def _check_leaf(value: JsonValue) -> None:
    if isinstance(value, str):
        storable(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must not contain NaN or Infinity, which JSON does not know; send null")
    elif isinstance(value, int) and abs(value) > MAX_DATA_NUMBER:
        raise ValueError("must not contain whole numbers beyond 64 bits; send them as text")


Data = Annotated[dict[str, JsonValue], AfterValidator(_storable_data)]
# Empty metadata are not sent: a backend of an earlier version would refuse the field.
GivenMetadata = Annotated[
    dict[str, JsonValue],
    AfterValidator(_storable_metadata),
    Field(exclude_if=lambda metadata: not metadata),
]


def canonical_json(value: JsonValue) -> str:
    """The same text for equal values: keys sorted, and 2.0 written as 2."""
    return json.dumps(_canonical(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _canonical(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
