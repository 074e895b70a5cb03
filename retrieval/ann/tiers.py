"""How a conversation is searched, by its size: exactly, by binary codes first, or by HNSW."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class TierLimits:
    """In passages, each of which has one embedding of a kind."""

    exact: int = 50_000
    """Up to here every embedding is compared."""
    coded: int = 250_000
    """Up to here binary codes preselect; beyond, HNSW where the filters allow it."""


LIMITS: Final = TierLimits()


@dataclass(frozen=True)
class Tier:
    """The `seq` up to which binary codes and the HNSW index reach; 0: not used."""

    coded_to: int = 0
    graph_to: int = 0


def tier_of(prepared: Tier, *, passages: int, limits: TierLimits = LIMITS) -> Tier:
    return Tier(
        coded_to=prepared.coded_to if passages > limits.exact else 0,
        graph_to=prepared.graph_to if passages > limits.coded else 0,
    )


FEWEST_RESCORED: Final = 200
MOST_RESCORED: Final = 5000


def rescored(embeddings: int) -> int:
    return min(max(embeddings // 100, FEWEST_RESCORED), MOST_RESCORED)
