"""Errors as application/problem+json (RFC 9457)."""

from retrieval.wire.base import Response

STALE_EPOCH = "urn:longroom:stale-epoch"
"""Type of the 409 for an agent that another one has replaced. Its messages are valid."""

ROOM_MOVED = "urn:longroom:room-moved"
"""Type of the 409 for an agent of the conversation that its room had before."""

ERASED = "urn:longroom:erased"
"""Type of the 410 for an erased conversation, without `ids`, and for a batch with messages that
were erased: `ids` names these, and the others are valid without them."""


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
    """Message ids that a 409 or 410 is about."""
