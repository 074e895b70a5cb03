"""A large room's vectors in three bits a number, from which the nearest are guessed.

The guess chooses the few rows that are then compared exactly. Comparing is counting the bits that
differ, 64 at a time: the first bits of all rows, then more bits of fewer rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrieval.columns import Flags, Floats, Integers
from retrieval.search.memory.arrays.growing import Growing
from retrieval.search.memory.arrays.inner_products import Singles

Words: TypeAlias = NDArray[np.uint64]
Counts: TypeAlias = NDArray[np.uint16]
Distances: TypeAlias = Counts | Integers

BITS: Final = 3
"""Of a number of a row."""
BITS_ASKED: Final = 4
"""Of a number of the query."""
HALF_STEP: Final = {1: 0.798, 2: 0.498, 3: 0.293, 4: 0.168}
"""Of levels, in standard deviations, by bits: they err least where numbers are normal."""
BLOCK: Final = 1 << 13
"""Rows compared at a time: they, and what is counted of them, stay in the processor's cache."""

FEW: Final = 20_000
"""Rows up to which all bits are compared."""
SHARE_BY_SIGNS: Final = 0.05
FEWEST_BY_SIGNS: Final = 10_000
"""The rows whose signs differ least from the query's. What has nothing near in a room is hardly
nearer to one row than to another, and signs alone tell those apart badly."""
BITS_BY_WEIGHT: Final = 3
SHARE_BY_WEIGHT: Final = 0.01
FEWEST_BY_WEIGHT: Final = 2000
"""Those of them that are nearest if so many bits of the query's numbers weigh."""
LEFT: Final = 300
"""So many are compared exactly, of which a search wants a hundred."""
SAMPLES: Final = 32
ROWS_OF_SAMPLE: Final = 256
NOT_ALLOWED: Final = 0xFFFF


@dataclass(frozen=True)
class Frame:
    """Rows are coded by how they differ from their mean: it is what a question about something else
    is as near to as to all of them."""

    mean: Singles
    deviation: Singles

    @classmethod
    def of(cls, rows: Singles) -> "Frame":
        """`rows` stand for all."""
        return cls(rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6))

    def codes(self, rows: Singles) -> Words:
        """A row of words for each: the first bits of all numbers, then the second ones, …"""
        return _planes((rows - self.mean) / self.deviation, BITS)


@dataclass(frozen=True)
class Codes:
    frame: Frame
    _signs: Growing[np.uint64]
    _finer: Growing[np.uint64]

    @classmethod
    def empty(cls, frame: Frame) -> "Codes":
        words = -(-len(frame.mean) // 64)
        return cls(
            frame,
            Growing.empty(np.uint64, width=words, order="F"),
            Growing.empty(np.uint64, width=words * (BITS - 1)),
        )

    def __len__(self) -> int:
        return len(self._signs)

    @property
    def nbytes(self) -> int:
        return self._signs.nbytes + self._finer.nbytes

    def extended(self, rows: Singles) -> "Codes":
        codes = self.frame.codes(rows)
        words = codes.shape[1] // BITS
        return Codes(
            self.frame,
            self._signs.extended(codes[:, :words]),
            self._finer.extended(codes[:, words:]),
        )

    def likely(
        self, query: Singles, *, allowed: Flags | None = None, gains: Floats | None = None
    ) -> Integers:
        """Ascending places where the nearest are: LEFT or a few more, or all that are allowed.

        `gains` are added to the cosines, one for each row.
        """
        asked = _Asked.of(query * self.frame.deviation)
        count = len(self) if allowed is None else int(np.count_nonzero(allowed))
        if count > FEW:
            near = _Scan(asked, self._words, allowed, gains).near(count)
        else:
            places = np.arange(len(self)) if allowed is None else np.flatnonzero(allowed)
            near = _Near(places, _at(places, self._words))
        if len(near.places) <= LEFT:
            return near.places
        distance = asked.distance([near.signs, *self._finer_at(near.places)], BITS_ASKED)
        if gains is not None:
            distance = distance - asked.steps(gains[near.places], BITS, BITS_ASKED)
        return near.places[_nearest(distance, LEFT)]

    @property
    def _words(self) -> Words:
        """Of the signs: the first of all rows, the second of all rows, …"""
        return self._signs.values.T

    def _finer_at(self, places: Integers) -> Words:
        columns = np.ascontiguousarray(self._finer.values.take(places, axis=0).T)
        return columns.reshape(BITS - 1, len(self._words), len(places))


class _Near(NamedTuple):
    places: Integers
    signs: Words
    """A column for each place."""


@dataclass(frozen=True)
class _Asked:
    planes: Words
    size: float
    """The standard deviation of its numbers."""

    @classmethod
    def of(cls, numbers: Singles) -> "_Asked":
        size = float(np.sqrt(np.square(numbers).mean())) or 1.0
        planes = _planes(numbers[None] / np.float32(size), BITS_ASKED)
        return cls(planes.reshape(BITS_ASKED, -1), size)

    def distance(self, planes: Sequence[Words], bits: int) -> Distances:
        """Of columns of a number's leading bits, from so many of the query's."""
        total = np.zeros(planes[0].shape[1], dtype=np.uint16)
        for start in range(0, len(total), BLOCK):
            block = slice(start, start + BLOCK)
            for place, plane in enumerate(planes):
                for place_asked, wanted in enumerate(self.planes[:bits]):
                    weight = len(planes) + bits - 2 - place - place_asked
                    total[block] += _differing(plane[:, block], wanted) << weight
        return total

    def steps(self, cosines: Floats, bits: int, bits_asked: int) -> Integers:
        """How much nearer, in distance, a row is than one with this much less cosine."""
        of_one = 2 * HALF_STEP[bits] * HALF_STEP[bits_asked] * self.size
        return np.rint(cosines / of_one).astype(np.int64)


@dataclass(frozen=True)
class _Scan:
    """Of the signs of all rows, in one pass: to come back for the words of some rows would cost as
    much as reading all."""

    asked: _Asked
    words: Words
    allowed: Flags | None
    gains: Floats | None

    def near(self, count: int) -> _Near:
        """Of so many that are allowed."""
        reach = self._reach(max(SHARE_BY_SIGNS, FEWEST_BY_SIGNS / count))
        found = []
        for start in range(0, self.words.shape[1], BLOCK):
            block = slice(start, start + BLOCK)
            near = np.flatnonzero(self._differing(block) <= reach)
            found.append(_Near(near + start, self.words[:, block][:, near]))
        places = np.concatenate([one.places for one in found])
        signs = np.concatenate([one.signs for one in found], axis=1)
        distance = self.asked.distance([signs], BITS_BY_WEIGHT)
        if self.gains is not None:
            distance = distance - self.asked.steps(self.gains[places], 1, BITS_BY_WEIGHT)
        kept = _nearest(distance, max(FEWEST_BY_WEIGHT, int(count * SHARE_BY_WEIGHT)))
        return _Near(places[kept], _at(kept, signs))

    def _differing(self, rows: slice) -> Distances:
        differing: Distances = _differing(self.words[:, rows], self.asked.planes[0])
        if self.gains is not None:
            differing = differing - self.asked.steps(self.gains[rows], 1, 1)
        if self.allowed is not None:
            differing = np.where(self.allowed[rows], differing, NOT_ALLOWED)
        return differing

    def _reach(self, share: float) -> int:
        """How much the signs of about this share of the rows differ at most, by samples."""
        starts = np.linspace(0, self.words.shape[1] - ROWS_OF_SAMPLE, SAMPLES).astype(int).tolist()
        samples = [self._differing(slice(start, start + ROWS_OF_SAMPLE)) for start in starts]
        differing = np.concatenate(samples).astype(np.int64)
        differing = differing[differing < NOT_ALLOWED]
        if len(differing) == 0:
            return NOT_ALLOWED - 1
        nearest = int(len(differing) * share)
        return int(np.partition(differing, nearest)[nearest])


def _planes(numbers: Singles, bits: int) -> Words:
    """Levels at ±1, ±3, … half steps, as binary numbers; each plane is padded to whole words."""
    half = 1 << (bits - 1)
    steps = np.floor(numbers / np.float32(2 * HALF_STEP[bits]))
    level = (np.clip(steps, -half, half - 1) + half).astype(np.uint8)
    padded = np.pad(level, ((0, 0), (0, -level.shape[1] % 64)))
    planes = [padded >> place & 1 for place in reversed(range(bits))]
    packed = np.packbits(np.concatenate(planes, axis=1), axis=1)
    return packed.view(np.uint64)


def _at(places: Integers, words: Words) -> Words:
    return np.stack([word.take(places) for word in words])


def _differing(bits: Words, wanted: Words) -> Counts:
    """Of each column, how many bits differ."""
    counts: Counts = np.bitwise_count(bits ^ wanted[:, None]).sum(axis=0, dtype=np.uint16)
    return counts


def _nearest(distance: Distances, count: int) -> Integers:
    """Ascending; with all that are as near as the last of them."""
    if len(distance) <= count:
        return np.arange(len(distance))
    return np.flatnonzero(distance <= np.partition(distance, count - 1)[count - 1])
