"""What the score needs of a message, except words and vectors."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from retrieval.columns import Flags, Floats, Integers


@dataclass(frozen=True)
class Facts:
    """Aligned columns, in the order in which the messages were said."""

    seq: Integers
    position: Integers
    """Consecutive numbers for messages said one after another."""
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

    def at(self, places: Integers) -> "Facts":
        return Facts(**{field.name: getattr(self, field.name)[places] for field in fields(self)})

    def one_after_another(self) -> "Facts":
        """Of all messages of a conversation: where some were erased, their neighbours meet."""
        return replace(self, position=np.arange(len(self.seq)))

    def at_positions(self, known: Mapping[int, int]) -> "Facts":
        """With these positions, by seq; a message without one has no neighbours."""
        position = [known.get(seq, -2 * place - 2) for place, seq in enumerate(self.seq.tolist())]
        return replace(self, position=np.array(position, dtype=np.int64))


MICROSECONDS_1970_TO_2000 = 946_684_800_000_000
"""PostgreSQL's timestamps count from 2000."""


def facts_of(
    *,
    seq: Integers,
    said: Integers,
    speaker: Integers,
    traits: Integers,
    words: Integers,
    speaker_fit: Integers,
    allowed: Flags,
) -> Facts:
    """From columns by ascending `seq`; `said` in microseconds since 2000.

    The positions hold if no message is left out.
    """
    facts = Facts(
        seq=seq,
        position=seq,
        spoken_at=(said + MICROSECONDS_1970_TO_2000) / 1e6,
        speaker=speaker,
        traits=traits,
        words=words,
        speaker_fit=speaker_fit,
        allowed=allowed,
    )
    if (said[1:] >= said[:-1]).all():
        return facts
    in_order = facts.at(said.argsort(kind="stable"))
    return replace(in_order, position=np.arange(len(seq)))
