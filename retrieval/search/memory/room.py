"""A conversation in memory."""

from dataclasses import dataclass, replace

import numpy as np

from retrieval.columns import Integers, distinct, is_in
from retrieval.search.memory.messages import Messages
from retrieval.search.memory.news import News, VectorRows
from retrieval.search.memory.vectors import Vectors
from retrieval.search.memory.version import VECTOR_TAIL, Marks, Version
from retrieval.search.memory.words.posting_lists import PostingLists
from retrieval.search.memory.words.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, repr=False)
class Room:
    """Never changes: what is newer makes another one, which shares what they have in common."""

    language: str
    version: Version
    messages: Messages
    alone: Vectors
    in_context: Vectors
    postings: PostingLists
    vocabulary: Vocabulary
    """Of the messages up to the mark of the postings."""

    @property
    def marks(self) -> Marks:
        return Marks(
            messages=self.messages.last_seq,
            postings=self.postings.mark,
            alone=self.alone.mark,
            in_context=self.in_context.mark,
        )

    @property
    def message_count(self) -> int:
        return len(self.messages)

    @property
    def nbytes(self) -> int:
        parts = (self.messages, self.alone, self.in_context, self.postings, self.vocabulary)
        return sum(part.nbytes for part in parts)

    def extended(self, news: News) -> "Room":
        """`news` has all behind the marks but the postings."""
        messages = self.messages.extended(news.messages)
        return replace(
            self,
            messages=messages,
            alone=extended(self.alone, news.alone, messages=messages.seq),
            in_context=extended(self.in_context, news.in_context, messages=messages.seq),
        )


def extended(vectors: Vectors, new: VectorRows, *, messages: Integers) -> Vectors:
    """`new` has all vectors behind the mark, of a room with these messages."""
    behind = messages[int(np.searchsorted(messages, vectors.mark, side="right")) :]
    if len(behind) == 0:
        return vectors.extended(new, mark=vectors.mark)
    last = int(messages[-1])
    without = behind[~is_in(distinct(new.seq), behind)]
    complete = int(without[0]) - 1 if len(without) else last
    return vectors.extended(new, mark=max(vectors.mark, complete, last - VECTOR_TAIL))
