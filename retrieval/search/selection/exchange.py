"""Moves messages among their own places: nobody else comes or goes by it."""

from collections.abc import Sequence
from typing import Final

from retrieval.search.selection.candidate import Candidate

STEP: Final = 0.001
"""Between scores that put one message just before another."""


def exchange(part: str, wanted: Sequence[Candidate]) -> None:
    """Gives the candidates each other's scores, the best to the first."""
    scores = sorted((one.score for one in wanted), reverse=True)
    for one, score in zip(wanted, scores, strict=True):
        one.gain(part, score - one.score)


def put_before(part: str, one: Candidate, other: Candidate) -> None:
    """Lifts `one` just above `other`, unless it is there."""
    if one.score <= other.score:
        one.gain(part, other.score + STEP - one.score)


def put_after(part: str, one: Candidate, other: Candidate) -> None:
    """Lowers `one` just below `other`, unless it is there."""
    if one.score >= other.score:
        one.gain(part, other.score - STEP - one.score)
