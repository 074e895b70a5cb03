"""Passages of a conversation as one number each: `seq << PASSAGE_BITS | passage`."""

from typing import Final

import numpy as np

from retrieval.columns import Integers, starts

PASSAGE_BITS: Final = 16
MOST_SLOTS: Final = 16
"""For each key, up to which marking places between the first and the last beats sorting."""


def distinct_keys(keys: Integers) -> tuple[Integers, Integers]:
    """Ascending, with each key's index."""
    if len(keys) == 0:
        return keys, keys
    seq, passage = keys >> PASSAGE_BITS, keys & ((1 << PASSAGE_BITS) - 1)
    first, passages = int(seq.min()), int(passage.max()) + 1
    slot = (seq - first) * passages + passage
    slots = int(slot.max()) + 1
    if slots > MOST_SLOTS * len(keys):
        return _sorted(keys)
    said = np.zeros(slots, dtype=np.bool_)
    said[slot] = True
    found = np.flatnonzero(said)
    place = np.empty(slots, dtype=np.int64)
    place[found] = np.arange(len(found))
    return ((found // passages + first) << PASSAGE_BITS) + found % passages, place[slot]


def _sorted(keys: Integers) -> tuple[Integers, Integers]:
    """Of few keys far apart."""
    order = keys.argsort(kind="stable")
    ascending = keys[order]
    first = starts(ascending)
    place = np.empty(len(keys), dtype=np.int64)
    place[order] = first.cumsum() - 1
    return ascending[first], place
