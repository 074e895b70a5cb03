"""Codes of a large room: what they choose holds the nearest rows."""

import numpy as np
import pytest

from retrieval.columns import Flags, Floats
from retrieval.search.memory.arrays.coded import Coded, singles
from retrieval.search.memory.arrays.codes import FEW, LEFT, Codes, Frame
from retrieval.search.memory.arrays.inner_products import Singles, of_rows

MANY = FEW + 5000
TOPICS = 40


def unit(rows: Singles) -> Singles:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def said(count: int, *, dimension: int = 384, seed: int = 0) -> Singles:
    """Around topics that have much in common, as half precision has them."""
    random = np.random.default_rng(seed)
    topics = random.standard_normal((TOPICS, dimension)) + 1
    noise = random.standard_normal((count, dimension)).astype(np.float32)
    rows = topics[random.integers(TOPICS, size=count)] + noise
    return unit(rows.astype(np.float32)).astype(np.float16).astype(np.float32)


def coded(rows: Singles) -> Codes:
    return Codes.empty(Frame.of(rows[::10])).extended(rows)


def strangers(count: int) -> Singles:
    """Nearly as far from every row as from any other."""
    return unit(np.random.default_rng(9).standard_normal((count, 384)).astype(np.float32))


def nearest(nearness: Floats | Singles, count: int = 10) -> set[int]:
    return set(np.argsort(-nearness)[:count].tolist())


@pytest.fixture(scope="module")
def rows() -> Singles:
    return said(MANY)


@pytest.fixture(scope="module")
def codes(rows: Singles) -> Codes:
    return coded(rows)


@pytest.mark.parametrize("count", [MANY, 5000], ids=["many", "few"])
def test_the_nearest_of_a_stranger_are_among_the_likely(
    rows: Singles, codes: Codes, count: int
) -> None:
    of_these = codes if count == MANY else coded(rows[:count])
    shares = []
    for query in strangers(12):
        likely = of_these.likely(query)
        assert LEFT <= len(likely) < 1.2 * LEFT
        assert np.array_equal(likely, np.unique(likely))
        shares.append(len(nearest(rows[:count] @ query) & set(likely.tolist())) / 10)
    assert np.mean(shares) > 0.96


def test_a_row_is_likely_for_itself(rows: Singles, codes: Codes) -> None:
    for place in (0, MANY // 2, MANY - 1):
        assert place in codes.likely(rows[place])


@pytest.mark.parametrize("every", [2, 1000])
def test_only_what_is_allowed_is_likely(rows: Singles, codes: Codes, every: int) -> None:
    allowed: Flags = np.arange(MANY) % every == 0
    query = strangers(1)[0]
    likely = codes.likely(query, allowed=allowed)
    assert allowed[likely].all()
    if every == 1000:
        assert np.array_equal(likely, np.flatnonzero(allowed))
    best = nearest(np.where(allowed, rows @ query, -1))
    assert len(best & set(likely.tolist())) >= 9


def test_nothing_is_likely_where_nothing_is_allowed(codes: Codes) -> None:
    nothing: Flags = np.zeros(MANY, dtype=np.bool_)
    assert len(codes.likely(strangers(1)[0], allowed=nothing)) == 0


@pytest.mark.parametrize("gain", [0.05, -0.3, 2.0])
@pytest.mark.parametrize("count", [MANY, 5000], ids=["many", "few"])
def test_gains_count_as_cosines_do(rows: Singles, codes: Codes, gain: float, count: int) -> None:
    of_these = codes if count == MANY else coded(rows[:count])
    gains = np.where(np.arange(count) % 7 == 0, gain, 0.0)
    for query in strangers(4):
        likely = of_these.likely(query, gains=gains)
        best = nearest(rows[:count] @ query + gains)
        assert len(best & set(likely.tolist())) >= 9


def test_rows_that_come_later_are_coded_alike(rows: Singles) -> None:
    once = coded(rows[:3000])
    frame = once.frame
    bit_by_bit = Codes.empty(frame)
    shorter = bit_by_bit.extended(rows[:2000])
    for start in range(0, 3000, 700):
        bit_by_bit = bit_by_bit.extended(rows[start : min(start + 700, 3000)])
    query = strangers(1)[0]
    assert np.array_equal(bit_by_bit.likely(query), once.likely(query))
    assert len(shorter) == 2000


def test_numbers_that_are_always_alike_and_odd_dimensions_do_no_harm() -> None:
    rows = said(2000, dimension=100)
    rows[:, 7] = 0.25
    codes = coded(rows)
    assert codes.nbytes < 200 * len(rows)
    for place in (3, 1500):
        likely = codes.likely(rows[place])
        assert place in likely
        assert len(likely) < 1.2 * LEFT
    assert len(codes.likely(np.zeros(100, dtype=np.float32))) >= LEFT


def test_products_with_half_as_long_numbers_are_those_of_the_whole_numbers(rows: Singles) -> None:
    coded = Coded.empty(rows[::10])
    for start in range(0, MANY, 6000):
        coded = coded.extended(rows[start : start + 6000])
    query = rows[17]
    exact = of_rows(rows, query)
    places = np.array([MANY - 1, 3, 8192, 8191, 20_000, 3])
    assert np.array_equal(coded.products_at(query, places), exact[places])
    assert np.array_equal(coded.products(query), exact)
    assert len(coded.products_at(query, places[:0])) == 0


def test_every_half_is_the_same_single() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    expected = halves.astype(np.float32)
    assert np.array_equal(singles(halves).view(np.uint32), expected.view(np.uint32))
