"""What is stored beyond a room's marks: decoded columns, as a room in memory keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from retrieval import columns
from retrieval.columns import Integers
from retrieval.search.lexical.postings import Postings
from retrieval.search.memory.version import Kept

if TYPE_CHECKING:
    from retrieval.database.connection import Record

MAX_NEW_MESSAGES = 500
MAX_NEW_VECTORS = 1000
"""Of both kinds. With more news a search is answered by the tables alone."""


@dataclass(frozen=True)
class MessageColumns:
    """Aligned, by ascending `seq`."""

    seq: Integers
    created_at: Integers
    """Microseconds since 2000."""
    speaker: Integers
    """PostgreSQL's hash of the participant."""
    words: Integers
    traits: Integers
    message_id: list[str]
    role: list[str]
    participant: list[str]
    content: list[str]
    metadata: list[str]
    """JSON."""
    interrupted: list[bool]
    epoch: list[int | None]
    room: list[str | None]
    edited_at: list[datetime | None]

    def __len__(self) -> int:
        return len(self.seq)


@dataclass(frozen=True)
class VectorRows:
    """Aligned, by ascending `seq` and `passage`: one row per passage."""

    seq: Integers
    passage: Integers
    embedding: NDArray[np.float16]
    """A row per passage; without rows it has no columns either."""

    def __len__(self) -> int:
        return len(self.seq)


@dataclass(frozen=True)
class News:
    messages: MessageColumns
    alone: VectorRows
    in_context: VectorRows
    complete: bool
    """False: there is more than the limits."""
    postings: Sequence[Postings] = ()
    """Of the query's terms; their frequencies count these alone."""


# Of rows of `message`, in order.
MESSAGE_COLUMNS: Final = """
array_send(array_agg(seq)) as seq,
array_send(array_agg(created_at)) as created_at,
array_send(array_agg(hashtext(participant))) as speaker,
array_send(array_agg(word_count)) as words,
array_send(array_agg(traits::integer)) as traits,
array_agg(message_id) as message_id,
array_agg(role) as role,
array_agg(participant) as participant,
array_agg(content) as content,
array_agg(metadata::text) as metadata,
array_agg(interrupted) as interrupted,
array_agg(late_epoch) as epoch,
array_agg(room) as room,
array_agg(edited_at) as edited_at
"""


def message_columns(row: "Record") -> MessageColumns:
    """From MESSAGE_COLUMNS."""
    return MessageColumns(
        seq=columns.integers(row["seq"]),
        created_at=columns.integers(row["created_at"]),
        speaker=columns.small_integers(row["speaker"]),
        words=columns.small_integers(row["words"]),
        traits=columns.small_integers(row["traits"]),
        message_id=row["message_id"] or [],
        role=row["role"] or [],
        participant=row["participant"] or [],
        content=row["content"] or [],
        metadata=row["metadata"] or [],
        interrupted=row["interrupted"] or [],
        epoch=row["epoch"] or [],
        room=row["room"] or [],
        edited_at=row["edited_at"] or [],
    )


# Of rows of `message_embedding`, in order.
VECTOR_COLUMNS: Final = """
array_send(array_agg(seq)) as seq,
array_send(array_agg(passage::integer)) as passage,
array_send(array_agg(embedding)) as embedding
"""


def vector_rows(seq: bytes | None, passage: bytes | None, embedding: bytes | None) -> VectorRows:
    """From VECTOR_COLUMNS."""
    return VectorRows(
        seq=columns.integers(seq),
        passage=columns.small_integers(passage),
        embedding=columns.half_vectors(embedding),
    )


NEWS_COLUMNS: Final = """
(select true from reindexed_part where conversation_id = $1) as reindexing,
new_messages.*,
alone.seq as alone_seq, alone.passage as alone_passage, alone.embedding as alone_embedding,
in_context.seq as in_context_seq, in_context.passage as in_context_passage,
in_context.embedding as in_context_embedding
"""

# $1 is the conversation.
NEWS: Final = (
    (
        """
 cross join (
       select {message_columns}
         from (select *
                 from message
                where conversation_id = $1 and seq > $8
                order by seq
                limit $13) new) new_messages
 cross join (
       select {vector_columns}
         from (select seq, passage, embedding
                 from message_embedding
                where conversation_id = $1 and model_id = $10 and smoothed = false and seq > $11
                order by seq, passage
                limit $14) new) alone
 cross join (
       select {vector_columns}
         from (select seq, passage, embedding
                 from message_embedding
                where conversation_id = $1 and model_id = $10 and smoothed = true and seq > $12
                order by seq, passage
                limit $14) new) in_context
"""
    )
    .replace("{message_columns}", MESSAGE_COLUMNS)
    .replace("{vector_columns}", VECTOR_COLUMNS)
)


def news_parameters(kept: Kept) -> tuple[int, ...]:
    """$8 to $14; $9 is for the postings."""
    marks = kept.marks
    return (
        marks.messages,
        marks.postings,
        kept.version.model_id,
        marks.alone,
        marks.in_context,
        MAX_NEW_MESSAGES + 1,
        MAX_NEW_VECTORS + 1,
    )


def news_of(row: "Record", postings: Sequence[Postings]) -> News:
    messages = message_columns(row)
    alone, in_context = (
        vector_rows(row[f"{kind}_seq"], row[f"{kind}_passage"], row[f"{kind}_embedding"])
        for kind in ("alone", "in_context")
    )
    return News(
        messages=messages,
        alone=alone,
        in_context=in_context,
        complete=len(messages) <= MAX_NEW_MESSAGES
        and len(alone) + len(in_context) <= MAX_NEW_VECTORS,
        postings=postings,
    )
