from dataclasses import fields, replace

import numpy as np
import pytest

from retrieval.search.scoring import score_parts
from retrieval.search.scoring.facts import Facts
from retrieval.search.scoring.score_parts import Features, ScoreParts
from retrieval.text import traits
from retrieval.weights import WEIGHTS, Weights

MINUTE_S = 60.0


def _features(
    count: int,
    *,
    spoken_at: list[float] | None = None,
    position: list[int] | None = None,
    speaker: list[int] | None = None,
    bits: list[int] | None = None,
    words: list[int] | None = None,
    speaker_fit: list[int] | None = None,
    meaning: list[float] | None = None,
    alone: list[float] | None = None,
    by_term: list[list[float]] | None = None,
    date: list[float] | None = None,
) -> Features:
    terms = np.array(by_term if by_term is not None else [[0.0] * count])
    return Features(
        facts=Facts(
            seq=np.arange(1, count + 1),
            position=np.array(position or range(1, count + 1)),
            spoken_at=np.array(spoken_at or [MINUTE_S * place for place in range(count)]),
            speaker=np.array(speaker or [0] * count),
            traits=np.array(bits or [0] * count),
            words=np.array(words or [25] * count),
            speaker_fit=np.array(speaker_fit or [0] * count),
            allowed=np.ones(count, dtype=bool),
        ),
        meaning=np.array(meaning or [0.0] * count),
        alone=np.array(alone or [0.0] * count),
        words=terms.sum(axis=0),
        by_term=terms,
        date=np.array(date or [0.0] * count),
    )


def test_surroundings_reach_six_messages_and_twice_as_far_where_they_are_short() -> None:
    alone = [1.0] + [0.0] * 13

    usual = score_parts.parts_of(_features(14, alone=alone, words=[25] * 14), asks_where=False)
    short = score_parts.parts_of(_features(14, alone=alone, words=[8] * 14), asks_where=False)

    assert usual.surroundings.tolist() == [1] * 7 + [0] * 7
    assert short.surroundings.tolist() == [1] * 13 + [0]


def test_what_is_said_in_many_short_messages_is_covered_together() -> None:
    by_term = [[0.5, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0.3]]

    usual = score_parts.parts_of(_features(6, by_term=by_term, words=[25] * 6), asks_where=False)
    short = score_parts.parts_of(_features(6, by_term=by_term, words=[8] * 6), asks_where=False)

    assert usual.coverage == pytest.approx([0.5, 0.5, 0.5, 0.3, 0.3, 0.3])
    assert short.coverage == pytest.approx([0.8] * 6)


def test_coverage_adds_up_what_neighbours_say_between_them() -> None:
    by_term = [[0.5, 0.0, 0.0, 0.0], [0.0, 0.0, 0.3, 0.0], [0.1, 0.1, 0.0, 0.0]]

    parts = score_parts.parts_of(_features(4, by_term=by_term), asks_where=False)

    assert parts.coverage == pytest.approx([0.9, 0.9, 0.9, 0.4])
    assert parts.words == pytest.approx([0.6, 0.1, 0.3, 0.0])


def test_a_long_message_gains_less_from_what_is_around_it() -> None:
    by_term = [[0.5, 0.0], [0.0, 0.3]]

    parts = score_parts.parts_of(_features(2, by_term=by_term, words=[60, 240]), asks_where=False)

    assert parts.coverage == pytest.approx([0.8, 0.3 + 0.5 * 60 / 240])
    assert parts.surroundings == pytest.approx([0.5, 0.3 + 0.2 * 60 / 240])


def test_coverage_stops_at_a_long_silence() -> None:
    day = 86_400.0
    by_term = [[0.5, 0.0], [0.0, 0.3]]

    parts = score_parts.parts_of(
        _features(2, by_term=by_term, spoken_at=[0.0, day]), asks_where=False
    )

    assert parts.coverage == pytest.approx([0.5, 0.3])


def test_an_answer_of_the_asked_person_inherits_the_questions_score() -> None:
    question = traits.QUESTION
    features = _features(
        4,
        alone=[0.7, 0.1, 0.6, 0.1],
        speaker=[1, 2, 2, 1],
        bits=[question, question, question, 0],
        speaker_fit=[0, 1, 1, 0],
    )

    parts = score_parts.parts_of(features, asks_where=False)

    # 2 answers 1; 3 follows its own speaker; 4 is not the asked person
    assert parts.reply.tolist() == [0, 0.7, 0, 0]
    assert features.answers.tolist() == [0, 0.7, 0, 0.6]


def test_traits_count_as_flags_and_places_only_when_the_query_asks_where() -> None:
    bits = [traits.FIRST_PERSON | traits.PLACE, traits.TIME]

    there = score_parts.parts_of(_features(2, bits=bits), asks_where=True)
    not_there = score_parts.parts_of(_features(2, bits=bits), asks_where=False)

    assert there.first_person.tolist() == [1, 0]
    assert there.time.tolist() == [0, 1]
    assert there.place.tolist() == [1, 0]
    assert not_there.place.tolist() == [0, 0]


def test_the_score_is_the_weighted_sum_of_its_parts() -> None:
    features = _features(1, meaning=[0.5], alone=[0.4], by_term=[[0.25]], date=[1.0])
    parts = score_parts.parts_of(features, asks_where=False)
    weights = Weights(meaning=2, words=1, coverage=1, surroundings=1, speaker=1, date=0.5)

    # 2·0.5 + 0.25 + 0.25 + (0.4 + 0.25) + 0.5·1
    assert score_parts.total(parts, weights) == pytest.approx([2.65])


@pytest.mark.parametrize("part", [field.name for field in fields(ScoreParts)])
def test_each_part_can_be_switched_off(part: str) -> None:
    features = _features(
        2,
        meaning=[0.3, 0.5],
        alone=[0.2, 0.4],
        by_term=[[0.2, 0.1]],
        speaker=[1, 2],
        bits=[traits.QUESTION, traits.FIRST_PERSON | traits.TIME | traits.PLACE],
        speaker_fit=[0, 1],
        date=[0.0, 0.5],
    )
    parts = score_parts.parts_of(features, asks_where=True)

    without = score_parts.total(parts, replace(WEIGHTS, **{part: 0.0}))
    gone = score_parts.total(parts, WEIGHTS) - without

    assert gone == pytest.approx(getattr(WEIGHTS, part) * getattr(parts, part))
    assert gone[1] > 0
