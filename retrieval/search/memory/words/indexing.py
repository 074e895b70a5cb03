"""Brings the words of a room in memory up to date, without the database.

What a message is found by follows from its text. The text layer made it once for the tables; in its
same version, which a room in memory has, it makes the same again.
"""

import asyncio
from collections import defaultdict
from dataclasses import replace
from typing import Final

import numpy as np

from retrieval.search.memory.messages import Spoken
from retrieval.search.memory.room import Room
from retrieval.search.memory.words.posting_lists import Occurrences
from retrieval.store.indexes.lexical_index import MOST_COUNTED
from retrieval.text.analysis import Analysis, analysed

AT_ONCE: Final = 16
"""Messages whose analysis is waited for: others are served in between."""


async def indexed(room: Room) -> Room:
    """With the postings and words of all its messages."""
    said = [*room.messages.behind(room.marks.postings)]
    for start in range(0, len(said), AT_ONCE):
        some = said[start : start + AT_ONCE]
        room = _with(room, some, await analysed(some, language=room.language))
        await asyncio.sleep(0)
    return room


def _with(room: Room, said: list[Spoken], analyses: list[Analysis]) -> Room:
    rows: defaultdict[str, list[tuple[int, int, int, int]]] = defaultdict(list)
    words: set[str] = set()
    for message, analysis in zip(said, analyses, strict=True):
        for passage, terms in enumerate(analysis.passages):
            length = min(terms.words, MOST_COUNTED)
            words |= terms.vocabulary
            for term, times in terms.counts.items():
                rows[term].append((message.seq, passage, min(times, MOST_COUNTED), length))
    new = {
        term: Occurrences(*np.array(columns, dtype=np.int64).T) for term, columns in rows.items()
    }
    return replace(
        room,
        postings=room.postings.extended(new, mark=said[-1].seq),
        vocabulary=room.vocabulary.extended(words),
    )
