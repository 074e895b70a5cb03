"""The valid keys, as the database had them a few seconds ago."""

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from backend_stub.http.permissions import Permission, permitted
from retrieval.database.outage import DATABASE_AWAY
from retrieval.store import api_keys
from retrieval.store.api_keys import StoredSecret

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


class Keyring:
    """One statement in KNOWN_S for all requests together."""

    def __init__(self, db: "Database", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._keys: dict[str, StoredSecret] = {}
        self._read_at_s: float | None = None
        self._reading = asyncio.Lock()

    async def permissions(self, key: str) -> frozenset[Permission] | None:
        """None if it is not a valid key. Raises an error of DATABASE_AWAY if that is not known."""
        parts = api_keys.split_key(key)
        if parts is None:
            return None
        key_id, secret = parts
        await self._refresh(KNOWN_S)
        if key_id not in self._keys:
            await self._refresh(MISSED_S)
        found = self._keys.get(key_id)
        expected = found.secret_sha256 if found else _NO_SECRET
        # Compared also where there is none: the time must not tell which ids exist.
        same = hmac.compare_digest(api_keys.digest(secret), expected)
        return permitted(found.scopes) if found and same else None

    async def _refresh(self, max_age_s: float) -> None:
        if self._age_s() < max_age_s:
            return
        async with self._reading:
            if self._age_s() < max_age_s:
                return
            try:
                async with asyncio.timeout(READ_S):
                    found = await api_keys.valid_secrets(self._db)
            except DATABASE_AWAY:
                if self._age_s() > KEPT_S:
                    raise
                logger.warning("the keys are as they were; the database does not tell")
                return
            self._keys = {key.key_id: key for key in found}
            self._read_at_s = self._clock()

    def _age_s(self) -> float:
        return float("inf") if self._read_at_s is None else self._clock() - self._read_at_s
