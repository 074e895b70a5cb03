"""Context vector: a message's own embedding with its neighbours' mixed in."""

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
REACH_FORWARD = 1
FULL_EFFECT_WORDS = 30
"""Beyond this length the neighbours' weight falls in proportion."""


@dataclass(frozen=True)
class MessageState:
    created_at: datetime
    words: int
    pending: bool
    quiet: bool
    """Old enough that no successor is expected soon."""


def neighbours(
    messages: Mapping[int, MessageState], position: int
) -> list[tuple[int, float]] | None:
    """With their weights; None while not all neighbours are known and embedded.

    `messages` by position in reading order: consecutive numbers are neighbours, such as the `seq`
    of a conversation that arrived in order.
    At most two messages before and one after, with no gap over STRETCH_GAP_S between. The newest
    message needs a successor unless it is quiet.
    """
    if position + 1 not in messages and not messages[position].quiet:
        return None
    chosen = []
    if _together(messages, position - 1, position):
        chosen.append((position - 1, PREVIOUS))
        if _together(messages, position - 2, position - 1):
            chosen.append((position - 2, BEFORE_PREVIOUS))
    if _together(messages, position, position + 1):
        chosen.append((position + 1, NEXT))
    if any(messages[other].pending for other, _ in chosen):
        return None
    return chosen


def smoothed(
    own: Embeddings, *, words: int, mixed_in: list[tuple[Embeddings, float]]
) -> Embeddings:
    """Rows of unit length, one per passage; a neighbour's rows enter as their normalised mean."""
    damping = min(1.0, FULL_EFFECT_WORDS / max(words, 1))
    surroundings = np.zeros(own.shape[1], dtype=np.float32)
    for rows, weight in mixed_in:
        surroundings += weight * _unit(rows.mean(axis=0))
    return _unit(own + np.float32(damping) * surroundings)


def _together(messages: Mapping[int, MessageState], earlier: int, later: int) -> bool:
    if earlier not in messages or later not in messages:
        return False
    silence = messages[later].created_at - messages[earlier].created_at
    return silence.total_seconds() <= STRETCH_GAP_S


def _unit(rows: Embeddings) -> Embeddings:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    unit: Embeddings = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit
