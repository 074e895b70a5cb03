"""Retrieval metrics: recall by rank and by tokens, nDCG, AUROC, bootstrap intervals."""

import math
from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray


def recall(ranked: Sequence[str], evidence: Collection[str], *, first: int) -> float:
    return len(set(ranked[:first]) & set(evidence)) / len(evidence)


def ndcg(ranked: Sequence[str], evidence: Collection[str], *, first: int) -> float:
    gain = sum(
        1 / math.log2(rank + 2) for rank, one in enumerate(ranked[:first]) if one in evidence
    )
    best = sum(1 / math.log2(rank + 2) for rank in range(min(first, len(evidence))))
    return gain / best


def inside_tokens(
    ranked: Sequence[tuple[str, int]], evidence: Collection[str], *, budget: int
) -> float:
    """Share of the evidence among the messages that fit; `ranked`: (id, tokens), best first.
    A message that does not fit is skipped; smaller ones after it may fit.
    """
    left = budget
    inside = set()
    for one, tokens in ranked:
        if tokens <= left:
            left -= tokens
            inside.add(one)
    return len(inside & set(evidence)) / len(evidence)


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a positive scores above a negative; ties count half."""
    if len(positive) == 0 or len(negative) == 0:
        return math.nan
    values = np.concatenate((positive, negative))
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    wins = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(wins / (len(positive) * len(negative)))


def interval(
    groups: Sequence[NDArray[np.float64]],
    statistic: Callable[[NDArray[np.float64]], float] = lambda values: float(values.mean()),
    *,
    resamples: int = 1000,
) -> tuple[float, float]:
    """95 % interval by cluster bootstrap: questions of one conversation are not independent."""
    chance = np.random.default_rng(0)
    draws = [
        statistic(
            np.concatenate([groups[one] for one in chance.integers(len(groups), size=len(groups))])
        )
        for _ in range(resamples)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)
