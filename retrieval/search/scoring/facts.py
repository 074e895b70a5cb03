"""What the score needs of a message, except words and vectors."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval import columns
from retrieval.columns import Flags, Floats, Integers

if TYPE_CHECKING:
    from retrieval.database.connection import Record


@dataclass(frozen=True)
class Facts:
    """Aligned columns, by ascending `seq`."""

    seq: Integers
    spoken_at: Floats
    """Seconds since 1970."""
    speaker: Integers
    """A hash of the participant."""
    traits: Integers
    words: Integers
    speaker_fit: Integers
    """1: by a speaker the query is about; -1: by the assistant if it is about a person; else 0."""
    allowed: Flags
    """By the request's filters."""


MICROSECONDS_1970_TO_2000 = 946_684_800_000_000
"""PostgreSQL's timestamps count from 2000."""


def facts_of(row: "Record") -> Facts:
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
