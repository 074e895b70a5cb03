"""How a conversation is compared, by its size: all of it, by codes first, or along a graph."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class TierLimits:
    """In embeddings of one kind, of which there are as many as passages."""

    exact: int = 50_000
    """Up to so many, every embedding is compared."""
    coded: int = 250_000
    """Up to so many, codes choose what is compared; beyond, a graph does where it can."""


LIMITS: Final = TierLimits()


@dataclass(frozen=True)
class Tier:
    """Up to which `seq` codes are compared, and a graph is followed; 0: not at all."""

    coded_to: int = 0
    graph_to: int = 0


def tier_of(prepared: Tier, *, passages: int, limits: TierLimits = LIMITS) -> Tier:
    """What is used of what is prepared in a conversation of so many passages."""
    return Tier(
        coded_to=prepared.coded_to if passages > limits.exact else 0,
        graph_to=prepared.graph_to if passages > limits.coded else 0,
    )


FEWEST_RESCORED: Final = 200
MOST_RESCORED: Final = 5000


def rescored(embeddings: int) -> int:
    """How many of the embeddings nearest by code are compared exactly."""
    return min(max(embeddings // 100, FEWEST_RESCORED), MOST_RESCORED)
