"""What is stored about messages, apart from words and vectors, that their score needs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval import columns
from retrieval.columns import Flags, Floats, Integers

if TYPE_CHECKING:
    from retrieval.database.connection import Record


@dataclass(frozen=True)
class Facts:
    """Aligned columns in reading order."""

    seq: Integers
    spoken_at: Floats
    """Seconds since 1970."""
    speaker: Integers
    """Equal numbers mean equal participants."""
    traits: Integers
    words: Integers
    """White-space separated words of the message."""
    speaker_fit: Integers
    """1: said by whom the query is about; -1: by the assistant, when it is about a person."""
    allowed: Flags
    """Whether the request's filters let the message be a hit."""


MICROSECONDS_1970_TO_2000 = 946_684_800_000_000
"""PostgreSQL counts from the year 2000."""


def facts_of(row: "Record") -> Facts:
    """What a statement gave in packed columns."""
    marks = columns.small_integers(row["marks"])
    return Facts(
        seq=columns.integers(row["seq"]),
        spoken_at=(columns.integers(row["spoken_at"]) + MICROSECONDS_1970_TO_2000) / 1e6,
        speaker=columns.small_integers(row["speaker"]),
        traits=marks >> 3,
        words=columns.small_integers(row["words"]),
        speaker_fit=(marks >> 1 & 3) - 1,
        allowed=(marks & 1) > 0,
    )
