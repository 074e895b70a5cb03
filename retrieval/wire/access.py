"""Tokens that open one conversation for a while: asked for, and given."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from retrieval.wire.base import WHOLE, Request, Response
from retrieval.wire.text import Name

MIN_TOKEN_S = 60
MAX_TOKEN_S = 3600

TokenPermission = Literal["read", "search", "append"]


class CreateToken(Request):
    """For one person, `subject`, who may do no more than `permissions` in this conversation."""

    subject: Name
    """With `append`, the participant of every message that the token appends."""
    room: Name | None = None
    """With `append`, the room of every message that the token appends. It hides nothing: a token
    reads the whole conversation."""
    permissions: Annotated[list[TokenPermission], Field(min_length=1, max_length=3)] = [
        "read",
        "search",
    ]
    expires_in_s: Annotated[int, Field(strict=True, ge=MIN_TOKEN_S, le=MAX_TOKEN_S), WHOLE] = 600


class ConversationToken(Response):
    """Sent as `Authorization: Bearer TOKEN`. It cannot be read again."""

    token: str
    token_id: str
    """In the backend's logs for what the token does."""
    expires_at: datetime
