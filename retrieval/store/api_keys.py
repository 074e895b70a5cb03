"""Keys of callers: named, with scopes, hashed, at most two valid ones of a name."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from retrieval.database.connection import transaction
from retrieval.errors import KeyRefused

if TYPE_CHECKING:
    from retrieval.database.connection import Connection, Database

Scope = Literal["agent", "search", "backfill", "operator", "admin"]

KEY_PREFIX = "lr_"
MAX_VALID = 2
"""Of a name: the one in use, and the one that replaces it."""


@dataclass(frozen=True)
class ApiKey:
    key_id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    valid: bool
    """By the database's clock."""


@dataclass(frozen=True)
class StoredSecret:
    key_id: str
    scopes: list[Scope]
    secret_sha256: bytes


@dataclass(frozen=True)
class NewKey:
    """`text` is what callers send; it cannot be read again."""

    key_id: str
    text: str


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def split_key(text: str) -> tuple[str, str] | None:
    """The id and the secret; None if `text` has not the form of a key."""
    if not text.startswith(KEY_PREFIX):
        return None
    key_id, _, secret = text.removeprefix(KEY_PREFIX).partition("_")
    return (key_id, secret) if key_id and secret else None


async def create_key(
    db: "Database", *, name: str, scopes: Sequence[Scope], expires_in: timedelta | None = None
) -> NewKey:
    """Raises KeyRefused if the name has a valid key: that one is rotated."""
    async with transaction(db) as connection:
        await _lock(connection)
        if await _valid(connection, name):
            raise KeyRefused(f"{name} has a valid key; rotate it, or revoke it first")
        return await _insert(connection, name, scopes, expires_in)


async def rotate_key(db: "Database", *, name: str, expires_in: timedelta | None = None) -> NewKey:
    """A second key with the scopes of the first, which stays valid until it is revoked.

    Raises KeyRefused if there is no valid key, or two.
    """
    async with transaction(db) as connection:
        await _lock(connection)
        valid = await _valid(connection, name)
        if not valid:
            raise KeyRefused(f"{name} has no valid key; create one")
        if len(valid) >= MAX_VALID:
            raise KeyRefused(
                f"{name} has two valid keys; revoke the older one first: {valid[0].key_id}"
            )
        return await _insert(connection, name, valid[0].scopes, expires_in)


REVOKE = """
update api_key
   set revoked_at = now()
 where (name = $1 or key_id = $1) and revoked_at is null
returning key_id
"""


async def revoke_keys(db: "Database", *, name_or_id: str) -> list[str]:
    """All keys of the name, or the one of the id; returns the ids of those that were not yet."""
    return [row["key_id"] for row in await db.fetch(REVOKE, name_or_id)]


KEYS = """
select key_id, name, scopes, created_at, expires_at, revoked_at,
       revoked_at is null and coalesce(expires_at > now(), true) as valid
  from api_key
 where $1::text is null or name = $1
 order by created_at, key_id
"""


async def keys(db: "Database", *, name: str | None = None) -> list[ApiKey]:
    """Oldest first, also those that are no longer valid."""
    return [ApiKey(**row) for row in await db.fetch(KEYS, name)]


SECRETS = """
select key_id, scopes, secret_sha256
  from api_key
 where revoked_at is null and coalesce(expires_at > now(), true)
"""


async def valid_secrets(db: "Database") -> list[StoredSecret]:
    return [StoredSecret(**row) for row in await db.fetch(SECRETS)]


async def _valid(connection: "Connection", name: str) -> list[ApiKey]:
    return [key for key in await keys(connection, name=name) if key.valid]


# Two at once could otherwise make three valid keys.
LOCK = """
lock table api_key in share row exclusive mode
"""


async def _lock(connection: "Connection") -> None:
    await connection.execute(LOCK)


INSERT = """
insert into api_key (key_id, name, scopes, secret_sha256, expires_at)
values ($1, $2, $3, $4, now() + $5::interval)
"""


async def _insert(
    connection: "Connection", name: str, scopes: Sequence[Scope], expires_in: timedelta | None
) -> NewKey:
    key_id, secret = secrets.token_hex(6), secrets.token_hex(32)
    await connection.execute(INSERT, key_id, name, sorted(set(scopes)), digest(secret), expires_in)
    return NewKey(key_id, f"{KEY_PREFIX}{key_id}_{secret}")
