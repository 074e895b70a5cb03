"""Orders the candidates by their score."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property
from typing import Final

import numpy as np

from retrieval.columns import Floats, Integers
from retrieval.search.lexical.bm25 import LexicalScores
from retrieval.search.query import days
from retrieval.search.query.order import Order
from retrieval.search.query.query import Query
from retrieval.search.scoring import score_parts
from retrieval.search.scoring.facts import Facts
from retrieval.search.scoring.relevance import Asked, Evidence, evidence
from retrieval.search.scoring.score_parts import Features, ScoreParts
from retrieval.search.vector.cosines import Cosines, expected_cosine
from retrieval.weights import Weights
from retrieval.wire import Arm

CLOSE: Final = 1.2
"""Of scores: what says the same thing in other words is not further behind the best."""
BY_TIME: Final = 30
"""Messages considered as the newest or first of those close to the best."""
CORRECTED: Final = 3
"""The best messages whose next ones are looked at: they may be corrections."""


@dataclass(frozen=True)
class Candidates:
    facts: Facts
    words: LexicalScores
    cosines: Cosines
    nearest: Integers
    """`seq` of the messages that the vector arm proposed."""
    wordiest: Integers
    """`seq` of the messages that the lexical arm proposed."""

    def passage_scores(self, seq: int) -> dict[int, float]:
        """Words plus cosine, by passage; passages without either are missing."""
        words, cosines = self.words.passages(seq), self.cosines.passages(seq)
        return {
            passage: words.get(passage, 0.0) + cosines.get(passage, 0.0)
            for passage in words.keys() | cosines.keys()
        }

    def arms(self, seq: int) -> list[Arm]:
        return [arm for arm, proposed in self._proposed.items() if seq in proposed]

    @cached_property
    def _proposed(self) -> dict[Arm, frozenset[int]]:
        return {
            "vector": frozenset(self.nearest.tolist()),
            "lexical": frozenset(self.wordiest.tolist()),
        }


@dataclass(frozen=True)
class Ranking:
    """Scores of all candidates, in reading order; `order` has the places of those allowed."""

    order: Integers
    """Best first."""
    score: Floats
    features: Features
    parts: ScoreParts
    weights: Weights
    asked: Asked
    degraded: bool

    @property
    def seq(self) -> Integers:
        return self.features.facts.seq

    @cached_property
    def evidence(self) -> Evidence:
        """Not of those that were only proposed: it is worked out when it is asked for."""
        return evidence(self.features, self.parts, self.asked, blind=self.degraded)

    def first(self, count: int) -> Sequence[int]:
        best: list[int] = self.order[:count].tolist()
        return best

    def chosen(self, count: int, order: Order | None) -> Integers:
        """Places of the best, best first, then of those that time may put before them."""
        best = self.order[:count]
        if order is None:
            return best
        return np.concatenate((best, np.setdiff1d(self.by_time(order), best)))

    def by_time(self, order: Order) -> Integers:
        """Places of the first or newest among those with scores close to the best, ascending."""
        score = self.score[self.order]
        near = np.sort(self.order[score >= score.max(initial=0.0) - CLOSE])
        return near[:BY_TIME] if order == "oldest" else near[-BY_TIME:]

    def explain(self, place: int) -> dict[str, float]:
        """The weighted parts of one candidate's score, which is their sum."""
        return {
            name: getattr(self.weights, name) * float(getattr(self.parts, name)[place])
            for name in score_parts.PARTS
        }


def rank(candidates: Candidates, query: Query, *, weights: Weights, degraded: bool) -> Ranking:
    """Score all, order those allowed; equal scores newest first. `degraded`: no cosine is known."""
    features = _features(candidates, query, degraded=degraded)
    parts = score_parts.parts_of(features, asks_where=query.asks_where)
    score = score_parts.total(parts, weights)
    # Without cosines, a message counts as found only if it or its surroundings share a word.
    found = parts.surroundings > 0 if degraded else True
    (places,) = (candidates.facts.allowed & found).nonzero()
    newest_first = places[::-1]
    return Ranking(
        order=newest_first[(-score[newest_first]).argsort(kind="stable")],
        score=score,
        features=features,
        parts=parts,
        weights=weights,
        asked=_asked(candidates.words, query),
        degraded=degraded,
    )


def _asked(words: LexicalScores, query: Query) -> Asked:
    # The figures of a date are no code.
    return Asked(query.keywords, words.exact, words.asks_exactly and not query.days, words.named)


def _features(candidates: Candidates, query: Query, *, degraded: bool) -> Features:
    facts = candidates.facts
    alone, in_context = candidates.cosines.of(facts.seq)
    words, by_term = candidates.words.of(facts.seq)
    unknown = np.zeros(len(words)) if degraded else expected_cosine(words)
    alone_or_unknown = np.where(np.isnan(alone), unknown, alone)
    return Features(
        facts=facts,
        meaning=np.where(np.isnan(in_context), alone_or_unknown, in_context),
        alone=alone_or_unknown,
        words=words,
        by_term=by_term,
        date=days.fit(query.days, facts.spoken_at, zone=query.asked_at.tzinfo or UTC),
    )
