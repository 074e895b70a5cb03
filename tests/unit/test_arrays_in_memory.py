"""Arrays that grow under several readers, and inner products as the database adds them."""

import numpy as np
import pytest

from retrieval.search.memory.arrays.growing import Growing
from retrieval.search.memory.arrays.inner_products import Singles, of_columns, of_rows
from retrieval.search.memory.arrays.matrices import BLOCK, FEW, ROUNDING, matrix_of


def unit(count: int, *, dimension: int = 24, seed: int = 1) -> Singles:
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float32)


def in_turn(row: Singles, query: Singles) -> np.float32:
    """Number by number, as pgvector's code says."""
    sums = [np.float32(0)] * 8
    whole = len(query) // 8 * 8
    for place in range(whole):
        sums[place % 8] += row[place] * query[place]
    s = sums
    total = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
    for place in range(whole, len(query)):
        total += row[place] * query[place]
    return np.float32(total)


@pytest.mark.parametrize("dimension", [1, 7, 8, 9, 16, 100, 384, 391])
@pytest.mark.parametrize("count", [0, 1, 2, 17])
def test_products_are_added_in_the_order_of_the_database(dimension: int, count: int) -> None:
    rows = unit(count, dimension=dimension)
    query = unit(1, dimension=dimension, seed=2)[0]

    wanted = np.array([in_turn(row, query) for row in rows], dtype=np.float32)

    assert np.array_equal(of_rows(rows, query), wanted)
    assert np.array_equal(of_columns(np.ascontiguousarray(rows.T), query), wanted)


def test_another_order_of_additions_would_be_noticed() -> None:
    rows, query = unit(200, dimension=384), unit(1, dimension=384, seed=2)[0]

    assert not np.array_equal(rows @ query, of_rows(rows, query))


def test_a_longer_array_changes_nothing_for_a_shorter_one() -> None:
    first = Growing.empty(np.int64).extended(np.arange(3))
    second = first.extended(np.arange(10, 12))
    other = first.extended(np.arange(20, 24))
    longest = second.extended(np.arange(100))

    assert first.values.tolist() == [0, 1, 2]
    assert second.values.tolist() == [0, 1, 2, 10, 11]
    assert other.values.tolist() == [0, 1, 2, 20, 21, 22, 23]
    assert longest.values.tolist() == [0, 1, 2, 10, 11, *range(100)]


def test_arrays_are_copied_seldom_and_nobody_writes_into_them() -> None:
    growing = Growing.empty(np.int64)
    buffers = set()
    for number in range(1000):
        growing = growing.extended(np.array([number]))
        buffers.add(id(growing.values.base))
    assert growing.values.tolist() == [*range(1000)]
    assert growing.nbytes <= 2 * 8 * 1024
    with pytest.raises(ValueError, match="read-only"):
        growing.values[0] = 1


@pytest.mark.parametrize("count", [0, 5, FEW, FEW + 1, FEW + 2 * BLOCK + 3])
def test_a_matrix_grows_and_its_layout_changes_no_product(count: int) -> None:
    rows, query = unit(count), unit(1, seed=2)[0]
    matrix = matrix_of(rows[: count // 3])
    for start in range(count // 3, count, 700):
        shorter, length = matrix, len(matrix)
        matrix = matrix.extended(rows[start : start + 700])
        assert len(shorter) == length
        assert np.array_equal(shorter.products(query), of_rows(rows[:length], query))
    places = np.random.default_rng(3).permutation(count)[: count // 2]

    wanted = of_rows(rows, query)

    assert len(matrix) == count
    assert np.array_equal(matrix.products(query), wanted)
    assert np.array_equal(matrix.products_at(query, places), wanted[places])
    assert np.abs(matrix.about(query) - wanted).max(initial=0) < ROUNDING
    assert rows.nbytes <= matrix.nbytes <= 2 * rows.nbytes + BLOCK * rows.shape[1] * 4
