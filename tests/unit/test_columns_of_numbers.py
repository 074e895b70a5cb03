"""Small numpy functions give what numpy's own do."""

import numpy as np
import pytest

from retrieval.columns import array_text, distinct, is_in


@pytest.mark.parametrize("values", [[], [5], [3, 1, 3, 2, 1], [[4, 2], [2, 9]]])
def test_each_number_once_and_ascending(values: list[int]) -> None:
    given = np.array(values, dtype=np.int64)

    assert distinct(given).tolist() == np.unique(given).tolist()


@pytest.mark.parametrize("wanted", [[], [2], [1, 4, 9]])
@pytest.mark.parametrize("values", [[], [0, 2, 9, 10, 2]])
def test_numbers_that_are_wanted(wanted: list[int], values: list[int]) -> None:
    given, ascending = np.array(values, dtype=np.int64), np.array(wanted, dtype=np.int64)

    assert is_in(ascending, given).tolist() == np.isin(given, ascending).tolist()


def test_an_array_as_postgresql_writes_it() -> None:
    assert array_text(np.array([3, 1])) == "{3,1}"
    assert array_text(np.array([], dtype=np.int64)) == "{}"
