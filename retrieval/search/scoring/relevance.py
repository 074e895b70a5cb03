"""Whether the conversation seems to hold an answer at all.

Two things can be wrong: nothing is near the question, or what is near was said by someone else
than the one it asks about. Each is judged by a logistic rule fitted on development conversations
(negatives: questions of another conversation and small talk; questions with the speakers
swapped); the confidence is their product.

Only the first may silence a search. Between two people "said by the other" is a good sign of a
wrong question; where many talk, what is asked about someone ("When is the birthday of Ines?") or
by someone ("How do I …?") is mostly answered by others: it lowers the confidence and hides nothing.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from retrieval.columns import Floats
from retrieval.search.scoring import score_parts
from retrieval.search.scoring.score_parts import Features, ScoreParts
from retrieval.weights import LEAD_WEIGHTS, NEARNESS_WEIGHTS

RELEVANT_NEARNESS = 0.06
"""Below this, nothing relevant."""

COMPARED = 6
"""Best messages of the person asked about, and of the others, that are compared."""
_NOBODY_ASKED = 1.4
"""Stands for the comparison of speakers where the query asks about nobody."""


@dataclass(frozen=True)
class Evidence:
    """What the decision rests on; no part of it says who spoke but `speaker_lead`."""

    best_score: float
    """By NEARNESS_WEIGHTS, which leave out who spoke."""
    best_cosine: float
    """NaN if no cosine is known."""
    coverage: float
    """The best share of the query's words, by weight, that neighbours say between them."""
    speaker_lead: float | None
    """How much better the asked person's best messages are than the others'; None if no person
    is asked about, or nobody else is there."""


def evidence(features: Features, parts: ScoreParts, *, blind: bool) -> Evidence:
    """From all compared messages; `blind` if no cosine is known."""
    impartial = replace(parts, reply=score_parts.answers(features))
    return Evidence(
        best_score=float(np.max(score_parts.total(parts, NEARNESS_WEIGHTS), initial=0.0)),
        best_cosine=math.nan if blind else float(np.max(features.alone, initial=0.0)),
        coverage=float(np.max(parts.coverage, initial=0.0)),
        speaker_lead=speaker_lead(score_parts.total(impartial, LEAD_WEIGHTS), parts.speaker),
    )


def speaker_lead(score: Floats, speaker: Floats) -> float | None:
    """Mean score of the best messages by the asked person, less that of the others' best."""
    own, other = score[speaker > 0], score[speaker <= 0]
    if len(own) == 0 or len(other) == 0:
        return None
    return _best_mean(own) - _best_mean(other)


def is_relevant(found: Evidence) -> bool:
    """Whether anything is near enough to the query to be shown, whoever said it."""
    return nearness(found) >= RELEVANT_NEARNESS


def nearness(found: Evidence) -> float:
    """Between 0 and 1: is anything near the query?"""
    if math.isnan(found.best_cosine):
        return _logistic(10 * found.coverage - 3)
    return _logistic(3.0 * found.best_score + 2.0 * found.best_cosine - 6.05)


def confidence(found: Evidence) -> float:
    """Between 0 and 1: is something near, and said by the one it is asked about?"""
    near = nearness(found)
    if math.isnan(found.best_cosine):
        return near
    if found.speaker_lead is None:
        return near * _logistic(_NOBODY_ASKED)
    return near * _logistic(12.0 * found.speaker_lead - 0.6)


def _best_mean(score: Floats) -> float:
    return float(np.sort(score)[-COMPARED:].mean())


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
