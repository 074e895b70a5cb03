"""Forms of the pages, checked as the API checks what it is sent."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError


@contextmanager
def told_fields() -> Iterator[None]:
    """What a wire type refuses is told as the API tells it (422)."""
    try:
        yield
    except ValidationError as error:
        raise RequestValidationError(
            [one | {"loc": ("body", *one["loc"])} for one in error.errors(include_url=False)]
        ) from None


def filled(text: str | None) -> str | None:
    """An empty field is as none."""
    return (text or "").strip() or None


def lines(text: str | None) -> list[str]:
    """Of a field that takes several, one a line."""
    return [line for each in (text or "").splitlines() if (line := each.strip())]
