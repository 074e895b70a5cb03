"""The valid keys, and what was revoked of tokens, as the database had them a few seconds ago."""

import asyncio
import hmac
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from backend_stub.access.permissions import Permission, permitted
from retrieval.database.outage import DATABASE_AWAY
from retrieval.store import api_keys, token_revocations
from retrieval.store.api_keys import StoredSecret
from retrieval.wire import ConversationId

if TYPE_CHECKING:
    from retrieval.database.connection import Database

KNOWN_S = 5.0
"""So long a revoked or expired key may still be taken."""
MISSED_S = 1.0
"""So long a new key may still be refused; guessing ids makes no more statements than this."""
KEPT_S = 30.0
"""Longest that the keys are taken as they were, while the database does not tell."""
READ_S = 1.0
_NO_SECRET = bytes(32)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KnownKey:
    key_id: str
    permissions: frozenset[Permission]


class Keyring:
    """Two statements in KNOWN_S for all requests together."""

    def __init__(self, db: "Database", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._keys: Mapping[str, StoredSecret] = {}
        self._revocations: Mapping[ConversationId, datetime] = {}
        self._read_at_s: float | None = None
        self._reading = asyncio.Lock()

    async def key(self, text: str) -> KnownKey | None:
        """None if it is not a valid key. Raises an error of DATABASE_AWAY if that is not known."""
        parts = api_keys.split_key(text)
        if parts is None:
            return None
        key_id, secret = parts
        found = await self._found(key_id)
        expected = found.secret_sha256 if found else _NO_SECRET
        # Compared also where there is none: the time must not tell which ids exist.
        same = hmac.compare_digest(api_keys.digest(secret), expected)
        return KnownKey(key_id, permitted(found.scopes)) if found and same else None

    async def known(self, key_id: str) -> KnownKey | None:
        """The valid key of this id. Raises an error of DATABASE_AWAY."""
        found = await self._found(key_id)
        return KnownKey(key_id, permitted(found.scopes)) if found else None

    async def has(self, key_id: str) -> bool:
        """Whether a key of this id is valid. Raises an error of DATABASE_AWAY."""
        return await self._found(key_id) is not None

    async def revoked(self, conversation_id: ConversationId, *, issued_at: datetime) -> bool:
        """Whether tokens of then are refused. Raises an error of DATABASE_AWAY."""
        await self._refresh(KNOWN_S)
        issued_up_to = self._revocations.get(conversation_id)
        return issued_up_to is not None and issued_at <= issued_up_to

    def read_again(self) -> None:
        """With the next request, because something has changed."""
        self._read_at_s = None

    async def _found(self, key_id: str) -> StoredSecret | None:
        await self._refresh(KNOWN_S)
        if key_id not in self._keys:
            await self._refresh(MISSED_S)
        return self._keys.get(key_id)

    async def _refresh(self, max_age_s: float) -> None:
        if self._age_s() < max_age_s:
            return
        async with self._reading:
            if self._age_s() < max_age_s:
                return
            try:
                async with asyncio.timeout(READ_S):
                    found = await api_keys.valid_secrets(self._db)
                    revocations = await token_revocations.recent_revocations(self._db)
            except DATABASE_AWAY:
                if self._age_s() > KEPT_S:
                    raise
                logger.warning("the keys are as they were; the database does not tell")
                return
            self._keys = {key.key_id: key for key in found}
            self._revocations = revocations
            self._read_at_s = self._clock()

    def _age_s(self) -> float:
        return float("inf") if self._read_at_s is None else self._clock() - self._read_at_s
