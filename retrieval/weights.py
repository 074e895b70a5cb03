"""The numbers that the ranking depends on, fitted on development conversations only.

`longroom evaluate --ablate` shows what each is worth, `--fit` which suit given questions.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple


class Reach(NamedTuple):
    """Neighbours that count on each side: some say in five messages what others say in one."""

    messages: int
    words: int
    """Beyond `messages`, fewer words than these may lie between."""
    most: int
    """The limit in messages, however short."""


@dataclass(frozen=True)
class Weights:
    """Of the parts of a message's score; 0 switches a part off.

    The last five are not of a message alone: they move the best messages among each other
    (`retrieval/search/selection`), and are either on or off.
    """

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
    repeat: float = 1.0
    order: float = 1.0
    correction: float = 1.0
    polarity: float = 1.0
    answer: float = 1.0


WEIGHTS: Final = Weights()
NEARNESS_WEIGHTS: Final = Weights(
    meaning=0.0,
    words=0.7,
    coverage=1.1,
    surroundings=0.4,
    speaker=0.0,
    date=0.8,
    first_person=0.15,
    reply=0.0,
    time=0.15,
    place=0.0,
)
"""For judging whether anything is near the query, with what `relevance.py` adds."""
LEAD_WEIGHTS: Final = replace(WEIGHTS, speaker=0.0, coverage=0.3, first_person=0.33, time=0.2)
"""For judging whose messages answer: people say I of themselves, and repeat each other's words."""

BM25_K1: Final = 0.9
BM25_B: Final = 0.4
COVERAGE_REACH: Final = Reach(messages=2, words=35, most=6)
"""Neighbours whose words count with a message's own."""
SURROUNDINGS_REACH: Final = Reach(messages=6, words=110, most=12)
FULL_REACH_WORDS: Final = 60
"""Around a longer message, neighbours count for less, in proportion."""
STRETCH_GAP_S: Final = 6 * 3600.0
"""Messages do not reach across a longer silence."""
