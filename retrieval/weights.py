"""Every number the ranking depends on, in one place.

Fitted on development conversations only; `longroom evaluate --ablate` shows what each is worth, and
`longroom evaluate --fit` which weights suit a set of questions best.
A weight of 0 switches its part off.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple


class Reach(NamedTuple):
    """How far on each side of a message: so many messages, and where they are short, more of them.

    Some say in five messages what others say in one; how much is said is alike.
    """

    messages: int
    words: int
    """Beyond that, as long as fewer words than these lie between."""
    most: int
    """Messages, however short."""


@dataclass(frozen=True)
class Weights:
    """How much each part adds to a message's score."""

    meaning: float = 1.6
    words: float = 1.0
    coverage: float = 1.0
    surroundings: float = 0.6
    speaker: float = 0.35
    date: float = 0.6
    first_person: float = 0.13
    reply: float = 0.2
    time: float = 0.1
    place: float = 0.3


WEIGHTS: Final = Weights()
NEARNESS_WEIGHTS: Final = replace(WEIGHTS, speaker=0.0, reply=0.0, date=0.8, time=0.15)
"""For judging whether anything is near the query: a day or a time it names tells more there."""
LEAD_WEIGHTS: Final = replace(WEIGHTS, speaker=0.0, coverage=0.3, first_person=0.33, time=0.2)
"""For judging whose messages answer: people say I of themselves, and share their words with those
they talk to."""

BM25_K1: Final = 0.9
BM25_B: Final = 0.4
COVERAGE_REACH: Final = Reach(messages=2, words=35, most=6)
"""Whose words count as said together with a message's own."""
SURROUNDINGS_REACH: Final = Reach(messages=6, words=110, most=12)
"""What counts as a message's surroundings."""
FULL_REACH_WORDS: Final = 60
"""A longer message speaks for itself: what is around it counts for less, in proportion."""
STRETCH_GAP_S: Final = 6 * 3600.0
"""A longer silence separates two stretches of a conversation; nothing is shared across it."""
