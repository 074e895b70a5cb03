"""The textbook hybrid: reciprocal rank fusion (Cormack et al. 2009) of two rankings, k = 60."""

from collections import defaultdict
from collections.abc import Sequence

from benchmarks.peers.job import DEPTH, Outcome, Ranked, Scored

K = 60


def fuse(first: Outcome, second: Outcome) -> Outcome:
    """Both outcomes must be of the same job."""
    pairs = zip(first.rankings, second.rankings, strict=True)
    return Outcome([_fused(pair) for pair in pairs])


def _fused(rankings: Sequence[Ranked]) -> Ranked:
    score: defaultdict[str, float] = defaultdict(float)
    for ranked in rankings:
        for rank, one in enumerate(ranked, start=1):
            score[one.id] += 1 / (K + rank)
    best = sorted(score, key=lambda id_: -score[id_])[:DEPTH]
    return [Scored(id_, score[id_]) for id_ in best]
