"""The baselines must be what they claim to be."""

from collections import Counter
from math import log

import pytest

from longroom.evaluation.baselines import fused
from longroom.evaluation.bm25 import Bm25Index


def test_bm25_scores_are_those_of_the_formula() -> None:
    index = Bm25Index([Counter(boat=2, red=1), Counter(red=1), Counter(sun=2)])

    (best, second) = index.best(["boat", "red", "unknown"], count=10)

    average = 2.0
    norm_of_first = 0.9 * (1 - 0.4 + 0.4 * 3 / average)
    boat = log(1 + 2.5 / 1.5) * 2 * 1.9 / (2 + norm_of_first)
    red = log(1 + 1.5 / 2.5) * 1 * 1.9 / (1 + norm_of_first)
    second_red = log(1 + 1.5 / 2.5) * 1 * 1.9 / (1 + 0.9 * (1 - 0.4 + 0.4 * 1 / average))
    assert [best[0], second[0]] == [0, 1]
    assert [best[1], second[1]] == pytest.approx([boat + red, second_red])


def test_bm25_finds_nothing_without_a_shared_word() -> None:
    assert Bm25Index([Counter(boat=1)]).best(["sun"], count=10) == []


def test_fusion_adds_what_each_rank_is_worth() -> None:
    ranking = fused([("a", 1.0), ("b", 0.9)], [("b", 1.0), ("c", 0.9)])

    assert [one for one, _ in ranking] == ["b", "a", "c"]
    assert ranking[0][1] == pytest.approx(1 / 62 + 1 / 61)
    assert ranking[2][1] == pytest.approx(1 / 62)
