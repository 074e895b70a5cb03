"""Invitations to a room's page: links that let people in for a while."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from retrieval.wire.base import WHOLE, Request, Response
from retrieval.wire.text import Name

MIN_INVITATION_S = 60
MAX_INVITATION_S = 90 * 24 * 3600
DEFAULT_INVITATION_S = 7 * 24 * 3600


class CreateInvitation(Request):
    """Without an identity, whoever has the link chooses a name."""

    identity: Name | None = None
    """The only name that the link lets in."""
    expires_in_s: Annotated[
        int, Field(strict=True, ge=MIN_INVITATION_S, le=MAX_INVITATION_S), WHOLE
    ] = DEFAULT_INVITATION_S


class Invitation(Response):
    invitation_id: str
    room: str
    identity: str | None = None
    created_at: datetime
    expires_at: datetime


class NewInvitation(Invitation):
    """The link cannot be read again."""

    link: Annotated[str, Field(repr=False)]
    """At the address that the request was sent to. Its secret is behind the #: browsers send that
    to no server, and the page sends it once, to join."""


class Invitations(Response):
    """Those that are still valid, newest first."""

    invitations: list[Invitation]
