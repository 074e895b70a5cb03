"""Errors as application/problem+json (RFC 9457)."""

from retrieval.wire.base import Response

STALE_EPOCH = "urn:longroom:stale-epoch"
"""Type of the 409 for an agent that another one has replaced. Its messages are valid."""


class FieldError(Response):
    """One invalid field; `message` says what is wrong and what to send instead."""

    field: str
    message: str


class Problem(Response):
    """Body of every error response."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []
    ids: list[str] = []
    """Message ids that a 409 is about."""
