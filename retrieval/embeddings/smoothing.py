"""A message's meaning in its surroundings: its own vector with some of its neighbours' mixed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from retrieval.embedders.protocol import Embeddings
from retrieval.weights import STRETCH_GAP_S

PREVIOUS = 0.8
NEXT = 0.4
BEFORE_PREVIOUS = 0.3
REACH_BACK = 2
REACH_ON = 1
FULL_EFFECT_WORDS = 30
"""A longer message speaks for itself: its neighbours count for less, in proportion."""


@dataclass(frozen=True)
class Place:
    """What must be known of a message to mix it, or to be mixed into another."""

    created_at: datetime
    words: int
    waiting: bool
    """Its embedding is still to come."""
    quiet: bool
    """Nothing is expected to follow it soon."""


def neighbours(places: Mapping[int, Place], seq: int) -> list[tuple[int, float]] | None:
    """Whose vectors are mixed into message `seq` and how much; None while that is not known.

    Neighbours are at most two messages before and one after it, in the same stretch of the
    conversation: no long silence between. The newest message waits for its successor until
    everything is quiet, and every message for the embeddings of its neighbours.
    """
    if seq + 1 not in places and not places[seq].quiet:
        return None
    chosen = []
    if _together(places, seq - 1, seq):
        chosen.append((seq - 1, PREVIOUS))
        if _together(places, seq - 2, seq - 1):
            chosen.append((seq - 2, BEFORE_PREVIOUS))
    if _together(places, seq, seq + 1):
        chosen.append((seq + 1, NEXT))
    if any(places[other].waiting for other, _ in chosen):
        return None
    return chosen


def smoothed(
    own: Embeddings, *, words: int, mixed_in: list[tuple[Embeddings, float]]
) -> Embeddings:
    """Rows of unit length, one per passage of the message.

    `mixed_in` holds the rows of each neighbour, which count as one: their mean, of unit length.
    """
    damping = min(1.0, FULL_EFFECT_WORDS / max(words, 1))
    surroundings = np.zeros(own.shape[1], dtype=np.float32)
    for rows, weight in mixed_in:
        surroundings += weight * _unit(rows.mean(axis=0))
    return _unit(own + np.float32(damping) * surroundings)


def _together(places: Mapping[int, Place], earlier: int, later: int) -> bool:
    if earlier not in places or later not in places:
        return False
    silence = places[later].created_at - places[earlier].created_at
    return silence.total_seconds() <= STRETCH_GAP_S


def _unit(rows: Embeddings) -> Embeddings:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: Embeddings = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit
