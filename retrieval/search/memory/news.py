"""What is stored beyond a room's marks: decoded columns, as a room in memory keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retrieval import columns
from retrieval.columns import Integers

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


def message_columns(row: Mapping[str, Any]) -> MessageColumns:
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
