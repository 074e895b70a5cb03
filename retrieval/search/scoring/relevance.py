"""Whether the conversation seems to hold an answer at all.

The confidence is the product of two logistic rules fitted on development conversations: is
anything near the question (negatives: another conversation's questions, small talk), and was it
said by the person asked about (negatives: swapped speakers).

Only the first decides `relevant`. Between two people, "said by the other" marks a wrong question;
among many, questions about or by someone are mostly answered by others.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from retrieval.columns import Floats
from retrieval.search.scoring import score_parts
from retrieval.search.scoring.score_parts import Features, ScoreParts
from retrieval.weights import LEAD_WEIGHTS, NEARNESS_WEIGHTS

RELEVANT_NEARNESS = 0.06
"""Below this, nothing is relevant."""

COMPARED = 6
"""Best messages compared, of the person asked about and of the others each."""
_NO_SPEAKER_ASKED = 1.4
"""Replaces the comparison of speakers in a query that is not about a speaker."""


@dataclass(frozen=True)
class Evidence:
    """Only `speaker_lead` depends on who spoke."""

    best_score: float
    """By NEARNESS_WEIGHTS."""
    best_cosine: float
    """NaN if no cosine is known."""
    coverage: float
    """The best `coverage` part of any message."""
    speaker_lead: float | None
    """By how much the asked person's best messages beat the others'; None without either."""


def evidence(features: Features, parts: ScoreParts, *, blind: bool) -> Evidence:
    """`blind`: no cosine is known."""
    impartial = replace(parts, reply=score_parts.answers(features))
    return Evidence(
        best_score=float(np.max(score_parts.total(parts, NEARNESS_WEIGHTS), initial=0.0)),
        best_cosine=math.nan if blind else float(np.max(features.alone, initial=0.0)),
        coverage=float(np.max(parts.coverage, initial=0.0)),
        speaker_lead=speaker_lead(score_parts.total(impartial, LEAD_WEIGHTS), parts.speaker),
    )


def speaker_lead(score: Floats, speaker: Floats) -> float | None:
    own, other = score[speaker > 0], score[speaker <= 0]
    if len(own) == 0 or len(other) == 0:
        return None
    return _best_mean(own) - _best_mean(other)


def is_relevant(found: Evidence) -> bool:
    return nearness(found) >= RELEVANT_NEARNESS


def nearness(found: Evidence) -> float:
    """0 to 1: is anything near the query?"""
    if math.isnan(found.best_cosine):
        return _logistic(10 * found.coverage - 3)
    return _logistic(3.0 * found.best_score + 2.0 * found.best_cosine - 6.05)


def confidence(found: Evidence) -> float:
    """0 to 1: is something near, and said by the person asked about?"""
    near = nearness(found)
    if math.isnan(found.best_cosine):
        return near
    if found.speaker_lead is None:
        return near * _logistic(_NO_SPEAKER_ASKED)
    return near * _logistic(12.0 * found.speaker_lead - 0.6)


def _best_mean(score: Floats) -> float:
    return float(np.sort(score)[-COMPARED:].mean())


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))
