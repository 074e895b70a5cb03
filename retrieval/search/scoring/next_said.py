"""Short messages that a speaker adds to what he just said, such as corrections."""

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np

from retrieval.columns import Flags, Integers, is_in
from retrieval.search.scoring.facts import Facts

REACH: Final = 3
WITHIN_S: Final = 900.0
MAX_WORDS: Final = 12


def next_said(facts: Facts, places: Iterable[int]) -> Mapping[int, int]:
    """Their places, and the place of what they follow."""
    found: dict[int, int] = {}
    for place in places:
        for later in range(place + 1, min(place + REACH + 1, len(facts.seq))):
            if _adds_to(facts, place, later):
                found.setdefault(later, place)
    return found


def after(facts: Facts, seqs: Integers) -> Flags:
    """Which messages are such ones behind `seqs`."""
    found = np.zeros(len(facts.seq), dtype=np.bool_)
    (places,) = is_in(np.sort(seqs), facts.seq).nonzero()
    found[[*next_said(facts, places.tolist())]] = True
    return found


def _adds_to(facts: Facts, place: int, later: int) -> bool:
    return bool(
        facts.allowed[later]
        and facts.words[later] <= MAX_WORDS
        and facts.speaker[later] == facts.speaker[place]
        and facts.position[later] - facts.position[place] == later - place
        and facts.spoken_at[later] - facts.spoken_at[place] <= WITHIN_S
    )
