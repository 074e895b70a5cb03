import numpy as np
import pytest

from retrieval.columns import Floats, Integers
from retrieval.search.scoring.reach import Windows, best_within, stretches, windows
from retrieval.weights import (
    COVERAGE_REACH,
    FULL_REACH_WORDS,
    STRETCH_GAP_S,
    SURROUNDINGS_REACH,
    Reach,
)


def _pairs(near: Windows) -> list[tuple[int, int]]:
    return list(zip(near.start[0].tolist(), near.end[0].tolist(), strict=True))


def test_a_stretch_ends_where_a_message_is_missing_or_hours_pass() -> None:
    position = np.array([1, 2, 4, 5, 6])
    spoken_at = np.array([0.0, 60.0, 120.0, 180.0, 180.0 + STRETCH_GAP_S + 1])

    assert stretches(position, spoken_at).tolist() == [0, 0, 1, 1, 2]


def test_nothing_has_no_stretches_and_no_neighbours() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    near = windows(nothing, nothing, reaches=[SURROUNDINGS_REACH] * 3)

    assert stretches(nothing, np.zeros(0)).tolist() == []
    assert best_within(np.zeros((3, 0)), near).shape == (3, 0)


def test_the_best_is_one_within_reach_and_within_the_stretch() -> None:
    own = np.array([[1.0, 0.0, 0.0, 0.0, 5.0]])
    stretch = np.array([0, 0, 0, 0, 1])

    near = windows(stretch, np.full(5, 30), reaches=[Reach(messages=2, words=0, most=2)])

    assert best_within(own, near).tolist() == [[1, 1, 1, 0, 5]]


def test_short_messages_are_neighbours_over_a_longer_distance() -> None:
    stretch = np.zeros(6, dtype=np.int64)
    words = np.array([9, 4, 4, 4, 500, 9])

    near = windows(stretch, words, reaches=[Reach(messages=1, words=12, most=4)])

    # next to each other; with 4 words between; with 8; with 12, which are too many
    assert _pairs(near) == [(0, 4), (0, 5), (0, 5), (0, 5), (1, 6), (4, 6)]


def test_no_message_has_more_neighbours_than_the_most() -> None:
    stretch = np.zeros(9, dtype=np.int64)

    near = windows(stretch, np.full(9, 1), reaches=[Reach(messages=1, words=50, most=3)])

    assert _pairs(near)[:5] == [(0, 4), (0, 5), (0, 6), (0, 7), (1, 8)]


@pytest.mark.parametrize("count", [1, 2, 30, 300])
def test_each_message_has_the_best_of_those_that_it_reaches_one_by_one(count: int) -> None:
    random = np.random.default_rng(count)
    stretch = np.cumsum(random.random(count) < 0.1, dtype=np.int64)
    words = random.choice([0, 1, 3, 9, 20, 70, 400], size=count)
    reaches = [COVERAGE_REACH, SURROUNDINGS_REACH, Reach(0, 9, 5), Reach(1, 0, 1)]
    of_row = [0, 1, 2, 3, 1]
    own = random.random((len(of_row), count)) - 0.5

    best = best_within(own, windows(stretch, words, reaches=reaches).rows(of_row))

    assert best.tolist() == [
        _one_by_one(row, stretch, words, reaches[which])
        for row, which in zip(own, of_row, strict=True)
    ]


def _one_by_one(own: Floats, stretch: Integers, words: Integers, reach: Reach) -> list[float]:
    places = range(len(own))
    return [
        max(float(own[other]) for other in places if _near(stretch, words, reach, place, other))
        for place in places
    ]


def _near(stretch: Integers, words: Integers, reach: Reach, place: int, other: int) -> bool:
    first, last = sorted((place, other))
    if stretch[first] != stretch[last] or last - first > reach.most:
        return False
    between = sum(min(int(count), FULL_REACH_WORDS) for count in words[first + 1 : last])
    return last - first <= reach.messages or between < reach.words
