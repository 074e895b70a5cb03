import math
from dataclasses import replace

import numpy as np
import pytest

from retrieval.search.scoring import score_parts
from retrieval.search.scoring.facts import Facts
from retrieval.search.scoring.relevance import (
    Asked,
    Evidence,
    confidence,
    evidence,
    is_relevant,
    nearness,
    speaker_lead,
)
from retrieval.search.scoring.score_parts import Features

NEAR = Evidence(
    best_score=3.0,
    best_cosine=0.7,
    coverage=0.8,
    terms=4,
    matched=0.75,
    keywords=False,
    exact=0,
    named=False,
    speaker_lead=0.5,
)
FAR = replace(NEAR, best_score=0.8, best_cosine=0.2, coverage=0.1, matched=0.25, speaker_lead=None)


FACTS = Facts(
    seq=np.array([1, 2, 3]),
    position=np.array([1, 2, 3]),
    spoken_at=np.array([0.0, 60.0, 120.0]),
    speaker=np.array([7, 8, 8]),
    traits=np.array([0, 0, 0]),
    words=np.array([5, 5, 5]),
    speaker_fit=np.array([1, 0, 0]),
    allowed=np.ones(3, dtype=bool),
)
NOTHING_EXACT = Asked(
    keywords=False,
    exact=np.zeros(1, dtype=bool),
    asks_exactly=False,
    named=np.zeros(1, dtype=bool),
)


def test_what_is_near_is_relevant_and_what_is_far_is_not() -> None:
    assert is_relevant(NEAR)
    assert not is_relevant(FAR)
    assert confidence(FAR) < 0.05 < 0.8 < confidence(NEAR)


def test_being_said_by_somebody_else_lowers_the_confidence_and_hides_nothing() -> None:
    swapped = replace(NEAR, speaker_lead=-0.5)

    assert confidence(swapped) < confidence(NEAR) / 10
    assert is_relevant(swapped)
    assert nearness(swapped) == nearness(NEAR)


def test_without_cosines_the_words_decide() -> None:
    half = replace(FAR, best_cosine=math.nan, coverage=0.5)
    none = replace(FAR, best_cosine=math.nan, coverage=0.0)

    assert confidence(half) == pytest.approx(1 / (1 + math.exp(-2)))
    assert is_relevant(half)
    assert not is_relevant(none)


def test_the_lead_compares_the_best_three_and_the_best_six_of_each_side() -> None:
    score = np.array([1.0, 1.0, 1.0, 0.4, 0.4, 0.4, 0.0, 0.5, 0.5])
    speaker = np.array([1, 1, 1, 1, 1, 1, 1, 0, -1])

    assert speaker_lead(score, speaker) == pytest.approx((1.0 + 0.7) / 2 - 0.5)


def test_keywords_must_have_been_said() -> None:
    said = replace(NEAR, keywords=True, best_score=1.0, terms=2, matched=1.0)

    assert is_relevant(said)
    assert not is_relevant(replace(said, matched=0.0))
    assert is_relevant(replace(said, matched=0.0, best_score=2.4)), "in other words"


def test_a_code_decides_if_it_was_said_and_counts_against_if_not() -> None:
    asked = replace(FAR, best_score=1.4)

    assert nearness(replace(asked, exact=-1)) < nearness(asked) < nearness(replace(asked, exact=1))
    assert is_relevant(replace(asked, exact=1))
    assert not is_relevant(replace(asked, exact=-1))
    assert is_relevant(replace(NEAR, exact=-1)), "the other words speak"


def test_a_rare_name_that_was_said_is_relevant_whatever_else_is_asked() -> None:
    named = replace(FAR, named=True, exact=-1)

    assert not is_relevant(FAR)
    assert is_relevant(named)
    assert confidence(named) < 0.1
    assert nearness(replace(NEAR, named=True)) > nearness(NEAR)


def test_without_two_sides_there_is_no_lead() -> None:
    assert speaker_lead(np.array([1.0]), np.array([1.0])) is None
    assert speaker_lead(np.array([1.0]), np.array([0.0])) is None


def test_each_judgement_weighs_the_parts_in_its_own_way() -> None:
    nothing = np.zeros(3)
    features = Features(
        facts=FACTS,
        meaning=np.array([0.5, 0.25, 0.0]),
        alone=np.array([0.4, 0.2, 0.1]),
        words=nothing,
        by_term=np.zeros((1, 3)),
        date=np.array([1.0, 0.0, 0.0]),
    )
    parts = replace(
        score_parts.parts_of(features, asks_where=False),
        surroundings=nothing,
        coverage=np.array([0.0, 0.5, 0.0]),
        first_person=np.array([0.0, 1.0, 0.0]),
        time=np.array([1.0, 0.0, 0.0]),
    )

    found = evidence(features, parts, NOTHING_EXACT, blind=False)

    # 2.4 cosine, 0.8 the day, 0.15 the time; who said it counts for nothing.
    assert found.best_score == pytest.approx(2.4 * 0.4 + 0.8 + 0.15)
    assert found.best_cosine == pytest.approx(0.4)
    assert found.coverage == pytest.approx(0.5)
    own = 1.6 * 0.5 + 0.6 + 0.2
    others = [1.6 * 0.25 + 0.3 * 0.5 + 0.33, 0.0]
    assert found.speaker_lead == pytest.approx(own - sum(others) / 2)


def test_evidence_is_what_may_be_a_hit() -> None:
    by_term = np.array([[0.4, 0.2, 0.0], [0.0, 0.3, 0.6]])
    facts = replace(FACTS, allowed=np.array([True, True, False]))
    features = Features(
        facts=facts,
        meaning=np.array([0.1, 0.2, 0.9]),
        alone=np.array([0.1, 0.2, 0.9]),
        words=by_term.sum(axis=0),
        by_term=by_term,
        date=np.zeros(3),
    )
    parts = replace(
        score_parts.parts_of(features, asks_where=False),
        coverage=np.array([0.1, 0.2, 1.0]),
        surroundings=np.zeros(3),
    )
    asked = Asked(
        keywords=True,
        exact=np.array([False, True]),
        asks_exactly=True,
        named=np.array([True, False]),
    )

    found = evidence(features, parts, asked, blind=False)
    elsewhere = replace(asked, exact=np.array([False, False]), named=np.array([False, False]))

    assert (found.best_cosine, found.coverage, found.matched, found.terms) == (0.2, 0.2, 1.0, 2)
    # 2.4 cosine, 0.7 words, 1.1 coverage, 0.4 the share of terms, -0.9 the best term
    assert found.best_score == pytest.approx(0.48 + 0.35 + 0.22 + 0.4 - 0.27)
    assert (found.exact, found.named) == (1, True)
    without = evidence(features, parts, elsewhere, blind=False)
    assert (without.exact, without.named) == (-1, False)
