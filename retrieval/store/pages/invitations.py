"""Invitations to rooms' pages: found by the digest of the secret in their link."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from retrieval.store.pages.sessions import digest
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from retrieval.database.connection import Database


@dataclass(frozen=True)
class StoredInvitation:
    invitation_id: str
    room: str
    identity: str | None
    key_id: str
    """Of the key that invited."""
    key_mark: bytes | None
    conversation_id: ConversationId | None
    """Of the room, then. Null of one made by an earlier version."""
    created_at: datetime
    expires_at: datetime


FORGET_EXPIRED = """
delete from invitation where expires_at <= now()
"""
INVITE = """
insert into invitation
       (invitation_id, secret_sha256, room, identity, key_id, key_mark, invited_to, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, now() + $8::interval)
returning invitation_id, room, identity, key_id, key_mark, invited_to as conversation_id,
          created_at, expires_at
"""


async def invite(
    db: "Database",
    secret: str,
    *,
    room: str,
    identity: str | None,
    key_id: str,
    key_mark: bytes | None,
    conversation_id: ConversationId,
    lasts: timedelta,
) -> StoredInvitation:
    """Forgets those that have expired, too."""
    await db.execute(FORGET_EXPIRED)
    invitation_id = f"inv_{secrets.token_hex(8)}"
    row = await db.fetchrow(
        INVITE,
        invitation_id,
        digest(secret),
        room,
        identity,
        key_id,
        key_mark,
        conversation_id,
        lasts,
    )
    if row is None:
        raise RuntimeError("an invitation was stored, and is not there")
    return StoredInvitation(**row)


FIND = """
select invitation_id, room, identity, key_id, key_mark, invited_to as conversation_id,
       created_at, expires_at
  from invitation
 where secret_sha256 = $1 and room = $2 and expires_at > now()
"""


async def find(db: "Database", secret: str, *, room: str) -> StoredInvitation | None:
    row = await db.fetchrow(FIND, digest(secret), room)
    return StoredInvitation(**row) if row else None


OF_ROOM = """
select invitation_id, room, identity, key_id, key_mark, invited_to as conversation_id,
       created_at, expires_at
  from invitation
 where room = $1 and expires_at > now()
   and (invited_to is null or invited_to = $2)
 order by created_at desc, invitation_id
"""


async def of_room(
    db: "Database", room: str, *, conversation_id: ConversationId | None
) -> "Sequence[StoredInvitation]":
    """Those that let into the conversation that the room has now."""
    return [StoredInvitation(**row) for row in await db.fetch(OF_ROOM, room, conversation_id)]


REVOKE = """
with revoked as (
     delete from invitation where invitation_id = $1 and room = $2 returning invitation_id),
     ended as (
     delete from page_session where invitation_id in (select invitation_id from revoked))
select count(*) from revoked
"""


async def revoke(db: "Database", invitation_id: str, *, room: str) -> bool:
    """Ends the sessions of who came by it, too. False if there is none."""
    return bool(await db.fetchval(REVOKE, invitation_id, room))
