"""Which neighbours count with a message: those said without a gap, and near enough to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from retrieval.columns import Floats, Integers
from retrieval.weights import FULL_REACH_WORDS, STRETCH_GAP_S, Reach


@dataclass(frozen=True)
class Windows:
    """Of each message the first that counts with it, and the place behind the last: a row each for
    several reaches.
    """

    start: Integers
    end: Integers

    def rows(self, which: Sequence[int]) -> "Windows":
        row = np.array(which)
        return Windows(self.start[row], self.end[row])


def stretches(position: Integers, spoken_at: Floats) -> Integers:
    """Equal numbers for neighbours without a gap in `position` or over STRETCH_GAP_S; ascending."""
    stretch = np.zeros(len(position), dtype=np.int64)
    apart = (position[1:] - position[:-1] != 1) | (spoken_at[1:] - spoken_at[:-1] > STRETCH_GAP_S)
    np.cumsum(apart, out=stretch[1:])
    return stretch


def windows(stretch: Integers, words: Integers, *, reaches: Sequence[Reach]) -> Windows:
    """A message is in the window of each that is in its own."""
    messages, most_words, most = np.array(reaches).T[:, :, np.newaxis]
    behind = np.arange(1, len(stretch) + 1)
    said = np.zeros(len(stretch) + 1, dtype=np.int64)
    np.minimum(words, FULL_REACH_WORDS).cumsum(out=said[1:])
    end = said.searchsorted(said[1:] + most_words)  # up to there fewer words lie between
    end = np.minimum(np.maximum(end, behind + messages), behind + most)
    end = np.minimum(end, stretch.searchsorted(stretch, side="right"))
    return Windows(np.array([row.searchsorted(behind) for row in end]), end)


def best_within(own: Floats, near: Windows) -> Floats:
    """The best of each window, by rows.

    A window is covered by the two spans of the same length, a power of two, that begin and end with
    it. The best of all spans are the better of the bests of their halves.
    """
    width = near.end - near.start
    levels = int(width.max(initial=1)).bit_length()
    if levels == 1:
        return own
    rows, count = own.shape
    best = np.zeros((rows, levels, count))
    best[:, 0] = own
    for level in range(1, levels):
        half, halves = 1 << (level - 1), best[:, level - 1]
        np.maximum(halves[:, :-half], halves[:, half:], out=best[:, level, :-half])
    _, exponent = np.frexp(width)
    begins = np.arange(rows)[:, np.newaxis] * levels * count + (exponent - 1) * count
    first, last = begins + near.start, begins + near.end - (1 << (exponent - 1))
    return np.asarray(np.maximum(best.take(first), best.take(last)))
