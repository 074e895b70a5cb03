"""Ids for messages that come without: the same message gets the same id in every file."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from retrieval.wire import Message, MessageCreate, MessageId

PREFIX = "imported-"
PREFIX_BY_LINE = "import-"
"""Of ids that earlier versions derived from the line number, too."""


class DerivedIds:
    """For one file, read from its beginning.

    An id is derived from time, role, participant and content, and from how many messages before in
    the file are equal in all four. So what two exports of a conversation share has the same ids,
    wherever it stands in them. Memory: about 70 bytes for each message without id.
    """

    def __init__(self, stored_as: Mapping[str, MessageId] | None = None) -> None:
        self._stored_as = stored_as or {}
        self._seen: set[int] = set()
        self._repeated: dict[int, int] = {}

    def next(self, *, created_at: datetime, role: str, participant: str, content: str) -> MessageId:
        parts = [created_at.astimezone(UTC).isoformat(), role, participant, content]
        digest = hashlib.sha256(orjson.dumps(parts)).digest()
        occurrence = self._count(int.from_bytes(digest[:8], "little"))
        name = hashlib.sha256(digest + occurrence.to_bytes(8, "little")).hexdigest()[:32]
        derived = PREFIX + name
        return self._stored_as.get(derived) or MessageId(derived)

    def of(self, message: Message | MessageCreate) -> MessageId:
        return self.next(
            created_at=message.created_at,
            role=message.role,
            participant=message.participant,
            content=message.content,
        )

    def _count(self, key: int) -> int:
        """How often `key` was counted before."""
        if key not in self._seen:
            self._seen.add(key)
            return 0
        self._repeated[key] = self._repeated.get(key, 0) + 1
        return self._repeated[key]
