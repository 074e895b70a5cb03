"""Which messages are nearest does not depend on the order in which embeddings are read."""

import numpy as np
import pytest

from retrieval.search.vector.cosines import Cosines, Nearest, best_messages

ROWS = [(3, 0, 0.5), (9, 0, 0.5), (9, 1, 0.5), (4, 0, 0.5), (7, 0, 0.9), (1, 0, 0.1)]


def _cosines(rows: list[tuple[int, int, float]]) -> Cosines:
    seq, passage, cosine = zip(*rows, strict=True)
    return Cosines(
        np.array(seq), np.array(passage), np.zeros(len(seq), dtype=bool), np.array(cosine)
    )


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    ("count", "nearest"), [(2, [7, 9]), (3, [7, 9]), (4, [4, 7, 9]), (9, [1, 3, 4, 7, 9])]
)
def test_of_passages_that_are_equally_near_the_newest_are_taken(
    seed: int, count: int, nearest: list[int]
) -> None:
    order = np.random.default_rng(seed).permutation(len(ROWS))

    assert _cosines([ROWS[place] for place in order]).nearest(count).tolist() == nearest


@pytest.mark.parametrize("seed", range(10))
def test_of_messages_that_are_equally_near_the_newest_come_first(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(ROWS))
    rows = [ROWS[place] for place in order]
    parts = [
        Nearest(np.array([seq for seq, _, _ in some]), np.array([near for *_, near in some]))
        for some in (rows[:2], rows[2:])
    ]

    assert best_messages(parts, limit=4).tolist() == [7, 9, 4, 3]


def test_each_message_has_the_cosine_of_its_best_passage_alone_and_in_context() -> None:
    rows = Cosines(
        seq=np.array([7, 3, 3, 9, 3, 7]),
        passage=np.array([0, 0, 1, 0, 0, 0]),
        smoothed=np.array([False, False, False, False, True, True]),
        cosine=np.array([0.1, 0.2, 0.3, 0.9, 0.5, -0.4]),
    )

    alone, in_context = rows.of(np.array([7, 5, 3, 10]))  # as they were said

    assert alone == pytest.approx([0.1, np.nan, 0.3, np.nan], nan_ok=True)
    assert in_context == pytest.approx([-0.4, np.nan, 0.5, np.nan], nan_ok=True)
    assert [len(column) for column in rows.of(np.zeros(0, dtype=np.int64))] == [0, 0]
