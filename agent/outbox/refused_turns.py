"""Traces of turns that a backend does not take: they are dropped, being figures alone."""

import logging
from collections.abc import Mapping, Sequence

from agent.outbox.storage.entry import Entry

logger = logging.getLogger(__name__)


class RefusedTurns:
    """Told once: a backend of an earlier version takes none."""

    def __init__(self, ids: Mapping[str, object]) -> None:
        self._ids = ids
        self._has_told = False

    def tell(self, refused: Sequence[tuple[Entry, str]]) -> None:
        """With reasons."""
        if self._has_told:
            return
        self._has_told = True
        told = {"question_ids": [entry.id for entry, _ in refused], "reason": refused[0][1]}
        logger.warning(
            "the backend does not take traces of turns: they are dropped, this is told once",
            extra={**self._ids, **told},
        )
