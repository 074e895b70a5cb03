"""Cursors of pages: written by us, sent back by callers, who may send anything."""

from collections.abc import Callable
from typing import TypeVar

from fastapi.exceptions import RequestValidationError

Place = TypeVar("Place")


def cursor(read: Callable[[str], Place], text: str | None, *, field: str) -> Place | None:
    """Raises RequestValidationError (422), which names the field and not what it had."""
    if text is None:
        return None
    try:
        return read(text)
    except ValueError:
        refusal = ValueError(
            "must be a cursor of an earlier page, as it was given; or leave it out"
        )
        raise RequestValidationError(
            [{"type": "value_error", "loc": ("query", field), "ctx": {"error": refusal}}]
        ) from None
