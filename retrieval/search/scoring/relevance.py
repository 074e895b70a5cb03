"""Whether the conversation seems to hold an answer at all.

The confidence is the product of two logistic rules fitted on development conversations: is
anything near the question (negatives: another conversation's questions and keywords, small talk),
and was it said by the person asked about (negatives: swapped speakers).

Only the first decides `relevant`. Between two people, "said by the other" marks a wrong question;
among many, questions about or by someone are mostly answered by others.

Fitted on clean two-person chats, the same in short lower-case messages, and an IRC room of many
people, each left out in turn; keywords and misspelt ones were drawn from messages of all of them.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from retrieval.columns import Flags, Floats
from retrieval.search.scoring import score_parts
from retrieval.search.scoring.score_parts import Features, ScoreParts
from retrieval.text import traits
from retrieval.weights import LEAD_WEIGHTS, NEARNESS_WEIGHTS

RELEVANT_NEARNESS = 0.12
"""Below this, nothing is relevant."""

ALONE = 2.4
MATCHED_TERMS = 0.4
ONE_TERM = -0.9
"""What one message adds to its nearness by its own cosine, by the share of the query's terms that
it has, and by the most that a single one of them gains: chance finds one word, not several."""

NAMED = 0.5
"""What a rare name adds that was said; it makes any query relevant, if only just."""
JUST = 0.1

LEADERS = (3, 6)
"""Best messages compared, of the person asked about and of the others each."""
QUESTION = -0.15
"""A message that asks tells less of its speaker."""
_NO_SPEAKER_ASKED = 1.4
"""Replaces the comparison of speakers in a query that is not about a speaker."""


@dataclass(frozen=True)
class Asked:
    """What kind of query it is."""

    keywords: bool
    exact: Flags
    """Per term, in the order of Features.by_term: whether it is a code or a long number."""
    asks_exactly: bool
    """Whether the query has such a term, said or not."""
    named: Flags
    """Per term: whether it is a rare name."""


@dataclass(frozen=True)
class Evidence:
    """Only `speaker_lead` depends on who spoke."""

    best_score: float
    """Of any message that may be a hit."""
    best_cosine: float
    """NaN if no cosine is known."""
    coverage: float
    """The best `coverage` part of any message."""
    terms: int
    """Of the query."""
    matched: float
    """The largest share of them in one message."""
    keywords: bool
    exact: int
    """1: a code or long number of the query was said; -1: none of those asked for; 0: no such."""
    named: bool
    """Whether a rare name of the query was said, in any spelling."""
    speaker_lead: float | None
    """By how much the asked person's best messages beat the others'; None without either."""


def evidence(features: Features, parts: ScoreParts, asked: Asked, *, blind: bool) -> Evidence:
    """`blind`: no cosine is known."""
    allowed = features.facts.allowed
    by_term, alone = features.by_term[:, allowed], features.alone[allowed]
    has_term = by_term > 0
    near = score_parts.total(parts, NEARNESS_WEIGHTS)[allowed] + ALONE * alone
    matched = 0.0
    if len(by_term):
        share = has_term.sum(axis=0) / len(by_term)
        near = near + MATCHED_TERMS * share + ONE_TERM * by_term.max(axis=0)
        matched = float(share.max(initial=0.0))
    return Evidence(
        best_score=float(near.max(initial=0.0)),
        best_cosine=math.nan if blind else float(alone.max(initial=0.0)),
        coverage=float(parts.coverage[allowed].max(initial=0.0)),
        terms=len(by_term),
        matched=matched,
        keywords=asked.keywords,
        exact=_exact(asked, has_term),
        named=bool(has_term[asked.named].any()),
        speaker_lead=_lead(features, parts),
    )


def _exact(asked: Asked, has_term: Flags) -> int:
    if not asked.asks_exactly:
        return 0
    return 1 if has_term[asked.exact].any() else -1


def _lead(features: Features, parts: ScoreParts) -> float | None:
    if not (parts.speaker > 0).any():
        return None
    impartial = replace(parts, reply=features.answers)
    asking = score_parts.trait(features.facts.traits, traits.QUESTION)
    score = score_parts.total(impartial, LEAD_WEIGHTS) + QUESTION * asking
    return speaker_lead(score, parts.speaker)


def speaker_lead(score: Floats, speaker: Floats) -> float | None:
    own, other = score[speaker > 0], score[speaker <= 0]
    if len(own) == 0 or len(other) == 0:
        return None
    return _best_mean(own) - _best_mean(other)


def is_relevant(found: Evidence) -> bool:
    return nearness(found) >= RELEVANT_NEARNESS


def nearness(found: Evidence) -> float:
    """0 to 1: is anything near the query?"""
    return _logistic(_log_odds(found))


def confidence(found: Evidence) -> float:
    """0 to 1: is something near, and said by the person asked about?"""
    if math.isnan(found.best_cosine):
        return nearness(found)
    near = math.pow(nearness(found), 1.5)
    if found.speaker_lead is None:
        return near * _logistic(_NO_SPEAKER_ASKED)
    return near * _logistic(12.0 * found.speaker_lead - 0.6)


def _log_odds(found: Evidence) -> float:
    if math.isnan(found.best_cosine):
        return 10 * found.coverage - 3
    odds = 2.85 * found.best_score + 0.28 * math.log1p(found.terms) - 6.0
    if found.keywords:  # said or not said; what is said in other words is only less likely
        odds += max(-1.0, 8.44 * found.matched - 5.5)
    if found.exact > 0:
        odds += 2.5
    if found.named:  # the code that has the name need not be said
        return max(odds + NAMED, _log_odds_of(RELEVANT_NEARNESS) + JUST)
    return odds + min(found.exact, 0)


def _best_mean(score: Floats) -> float:
    best = np.sort(score)
    return float(np.mean([best[-count:].mean() for count in LEADERS]))


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _log_odds_of(probability: float) -> float:
    return math.log(probability / (1 - probability))
