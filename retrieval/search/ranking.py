"""Orders the candidates by their score."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC

import numpy as np

from retrieval.columns import Floats, Integers
from retrieval.search.candidates import Candidates
from retrieval.search.query import dates
from retrieval.search.query.query import Query
from retrieval.search.scoring import score_parts
from retrieval.search.scoring.relevance import Evidence, evidence
from retrieval.search.scoring.score_parts import Features, ScoreParts
from retrieval.search.vector.cosines import expected_cosine
from retrieval.weights import Weights


@dataclass(frozen=True)
class Ranking:
    """The candidates that may be hits, best first, as places in the candidates' columns."""

    order: Integers
    seq: Integers
    score: Floats
    parts: ScoreParts
    weights: Weights
    evidence: Evidence

    def first(self, count: int) -> Sequence[int]:
        """The best places."""
        best: list[int] = self.order[:count].tolist()
        return best

    def explain(self, place: int) -> dict[str, float]:
        """What each part adds to the score of one candidate; together they are the score."""
        return {
            part.name: getattr(self.weights, part.name)
            * float(getattr(self.parts, part.name)[place])
            for part in fields(self.parts)
        }


def rank(candidates: Candidates, query: Query, *, weights: Weights, degraded: bool) -> Ranking:
    """Score all candidates and order those that the filters allow.

    `degraded` says that no cosine is known at all.
    """
    features = _features(candidates, query, degraded=degraded)
    parts = score_parts.parts_of(features, asks_where=query.asks_where)
    score = score_parts.total(parts, weights)
    # Without cosines, what shares no word with the query in its surroundings is not a find at all.
    something = parts.surroundings > 0 if degraded else True
    allowed = np.flatnonzero(candidates.facts.allowed & something)
    newest_first = allowed[::-1]
    return Ranking(
        order=newest_first[np.argsort(-score[newest_first], kind="stable")],
        seq=candidates.facts.seq,
        score=score,
        parts=parts,
        weights=weights,
        evidence=evidence(features, parts, blind=degraded),
    )


def _features(candidates: Candidates, query: Query, *, degraded: bool) -> Features:
    facts = candidates.facts
    alone = candidates.cosines.alone(facts.seq)
    in_context = candidates.cosines.in_context(facts.seq)
    words = candidates.words.best(facts.seq)
    unknown = np.zeros_like(words) if degraded else expected_cosine(words)
    alone_or_unknown = np.where(np.isnan(alone), unknown, alone)
    return Features(
        facts=facts,
        meaning=np.where(np.isnan(in_context), alone_or_unknown, in_context),
        alone=alone_or_unknown,
        words=words,
        by_term=candidates.words.by_term(facts.seq),
        date=dates.fit(query.days, facts.spoken_at, zone=query.asked_at.tzinfo or UTC),
    )
