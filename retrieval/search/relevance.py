"""Whether the conversation seems to hold an answer at all."""

import math
from dataclasses import dataclass

import numpy as np

from retrieval.search.arrays import Floats

RELEVANT_CONFIDENCE = 0.2
"""Below this, nothing relevant: few answerable questions fall under it."""


@dataclass(frozen=True)
class Evidence:
    """What the decision rests on."""

    best_cosine: float
    """NaN if no cosine is known."""
    coverage: float
    """The best share of the query's words, by weight, that one message has."""


def evidence(alone: Floats, words: Floats, *, blind: bool) -> Evidence:
    """From the cosines and lexical scores of the compared messages; `blind` without cosines."""
    return Evidence(
        best_cosine=math.nan if blind else float(np.max(alone, initial=0.0)),
        coverage=float(np.max(words, initial=0.0)),
    )


def confidence(found: Evidence) -> float:
    """Between 0 and 1, by a logistic rule fitted on development conversations."""
    if math.isnan(found.best_cosine):
        return _logistic(10 * found.coverage - 3)
    return _logistic(8 * found.best_cosine + 3 * found.coverage - 4)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
