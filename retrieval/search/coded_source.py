"""The conversation as it is stored, the nearest messages of which are chosen by codes in memory."""

import asyncio
from dataclasses import dataclass
from typing import Final

from retrieval.columns import Integers
from retrieval.search.memory.coded.room import CodedRoom
from retrieval.search.source import Wanted
from retrieval.search.stored.nearest import nearest_among, nearest_exactly
from retrieval.search.stored.source import StoredSource
from retrieval.search.vector.cosines import Target, best_messages

AT_ONCE: Final = 200_000
"""Vectors whose codes are compared without letting others go on meanwhile: about 5 ms."""


@dataclass(frozen=True)
class CodedSource(StoredSource):
    """Expects a room of the version that the context has."""

    room: CodedRoom

    async def nearest(self, target: Target, wanted: Wanted) -> Integers:
        if len(self.room) <= AT_ONCE:
            likely = self.room.likely(target, wanted)
        else:
            likely = await asyncio.to_thread(self.room.likely, target, wanted)
        parts = [
            await nearest_among(self.db, target, seqs=likely, wanted=wanted),
            await nearest_exactly(self.db, target, after=self.room.mark, wanted=wanted),
        ]
        return best_messages(parts, limit=wanted.limit)
