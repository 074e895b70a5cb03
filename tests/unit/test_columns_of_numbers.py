"""Small numpy functions give what numpy's own do."""

import struct

import numpy as np
import pytest
from pgvector import HalfVector

from retrieval.columns import (
    array_text,
    distinct,
    floats,
    half_vectors,
    integers,
    is_in,
    small_integers,
)


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


@pytest.mark.parametrize("values", [[7], [3, -1, 2**31 - 1, 0]])
def test_numbers_as_postgresql_sends_them(values: list[int]) -> None:
    def packed(element_type: int, form: str) -> bytes:
        header = struct.pack(">iiiii", 1, 0, element_type, len(values), 1)
        size = struct.calcsize(form)
        return header + b"".join(struct.pack(f">i{form}", size, value) for value in values)

    for read, kind, element_type, form in (
        (integers, np.int64, 20, "q"),
        (small_integers, np.int64, 23, "i"),
        (floats, np.float64, 701, "d"),
    ):
        assert read(packed(element_type, form)).tolist() == values
        assert read(packed(element_type, form)).dtype == kind
        assert read(None).dtype == kind
        assert read(None).tolist() == []


def test_half_vectors_as_postgresql_sends_them() -> None:
    given = np.array([[0.5, -1.25, 6e-5], [0.1, 65504.0, -0.0]], dtype=np.float16)
    header = struct.pack(">iiiii", 1, 0, 16390, len(given), 1)
    values = [HalfVector(row).to_binary() for row in given]
    packed = header + b"".join(struct.pack(">i", len(value)) + value for value in values)

    read = half_vectors(packed)

    assert read.dtype == np.float16
    assert read.tobytes() == given.tobytes()
    assert half_vectors(None).shape == (0, 0)
