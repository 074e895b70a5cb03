import math

import numpy as np
import pytest

from retrieval.search.relevance import (
    Evidence,
    confidence,
    is_relevant,
    nearness,
    speaker_lead,
)

NEAR = Evidence(best_score=2.5, best_cosine=0.7, coverage=0.8, speaker_lead=0.5)
FAR = Evidence(best_score=0.6, best_cosine=0.2, coverage=0.1, speaker_lead=None)


def test_what_is_near_is_relevant_and_what_is_far_is_not() -> None:
    assert is_relevant(NEAR)
    assert not is_relevant(FAR)
    assert confidence(FAR) < 0.05 < 0.9 < confidence(NEAR)


def test_being_said_by_somebody_else_lowers_the_confidence_and_hides_nothing() -> None:
    swapped = Evidence(best_score=2.5, best_cosine=0.7, coverage=0.8, speaker_lead=-0.5)

    assert confidence(swapped) < confidence(NEAR) / 10
    assert is_relevant(swapped)
    assert nearness(swapped) == nearness(NEAR)


def test_without_cosines_the_words_decide() -> None:
    half = Evidence(best_score=0.0, best_cosine=math.nan, coverage=0.5, speaker_lead=None)
    none = Evidence(best_score=0.0, best_cosine=math.nan, coverage=0.0, speaker_lead=None)

    assert confidence(half) == pytest.approx(1 / (1 + math.exp(-2)))
    assert is_relevant(half)
    assert not is_relevant(none)


def test_the_lead_compares_the_best_four_of_each_side() -> None:
    score = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.5, 0.5])
    speaker = np.array([1, 1, 1, 1, 1, 0, -1])

    assert speaker_lead(score, speaker) == pytest.approx(0.5)


def test_without_two_sides_there_is_no_lead() -> None:
    assert speaker_lead(np.array([1.0]), np.array([1.0])) is None
    assert speaker_lead(np.array([1.0]), np.array([0.0])) is None
