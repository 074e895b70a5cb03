"""Sessions of the backend's pages: found by the digest of what a browser's cookie holds."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

PageKind = Literal["inspector", "room"]


@dataclass(frozen=True)
class PageSession:
    kind: PageKind
    key_id: str | None
    """Of the key that signed in, or that invited."""
    key_mark: bytes | None
    room: str | None
    identity: str | None
    invitation_id: str | None
    """By which somebody came into a room; without one the backend was open."""
    conversation_id: ConversationId | None
    """Of the room when the invitation was made; this session is for no other one."""
    expires_at: datetime


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


FORGET_EXPIRED = """
delete from page_session where expires_at <= now()
"""
BEGIN = """
insert into page_session
       (secret_sha256, kind, key_id, key_mark, room, identity, invitation_id, invited_to,
        expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9::interval)
"""


async def begin(
    db: "Database",
    secret: str,
    *,
    kind: PageKind,
    lasts: timedelta,
    key_id: str | None = None,
    key_mark: bytes | None = None,
    room: str | None = None,
    identity: str | None = None,
    invitation_id: str | None = None,
    conversation_id: ConversationId | None = None,
) -> None:
    """Forgets those that have expired, too."""
    await db.execute(FORGET_EXPIRED)
    await db.execute(
        BEGIN,
        digest(secret),
        kind,
        key_id,
        key_mark,
        room,
        identity,
        invitation_id,
        conversation_id,
        lasts,
    )


FIND = """
select kind, key_id, key_mark, room, identity, invitation_id,
       invited_to as conversation_id, expires_at
  from page_session
 where secret_sha256 = $1 and kind = $2 and expires_at > now()
"""


async def find(db: "Database", secret: str, *, kind: PageKind) -> PageSession | None:
    row = await db.fetchrow(FIND, digest(secret), kind)
    return PageSession(**row) if row else None


END = """
delete from page_session where secret_sha256 = $1
"""


async def end(db: "Database", secret: str) -> None:
    await db.execute(END, digest(secret))
