"""The parts of a message's score, each a small pure function over messages in reading order.

All arrays are aligned: one entry per message, ascending `seq`, not necessarily without gaps.
The sum of weighted parts is linear on purpose: it can be explained, and it does not depend on how
many messages were compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from retrieval.columns import Flags, Floats, Integers
from retrieval.search.scoring.facts import Facts
from retrieval.text import traits
from retrieval.weights import (
    COVERAGE_REACH,
    FULL_REACH_WORDS,
    STRETCH_GAP_S,
    SURROUNDINGS_REACH,
    Reach,
    Weights,
)


@dataclass(frozen=True)
class Features:
    """What is known of each message, before any weight."""

    facts: Facts
    meaning: Floats
    """Cosine of the query with the message mixed with its neighbours."""
    alone: Floats
    """Cosine of the query with the message alone."""
    words: Floats
    """Normalised BM25, 0 to 1."""
    by_term: Floats
    """The terms' shares in `words`: one row per term."""
    date: Floats
    """How well the day fits the dates that the query names, 0 to 1."""

    @property
    def own(self) -> Floats:
        """What the message is worth without anything around it."""
        return self.alone + self.words


@dataclass(frozen=True)
class ScoreParts:
    """The unweighted parts of the score, named as in Weights."""

    meaning: Floats
    words: Floats
    coverage: Floats
    surroundings: Floats
    speaker: Floats
    date: Floats
    first_person: Floats
    reply: Floats
    time: Floats
    place: Floats


def parts_of(features: Features, *, asks_where: bool) -> ScoreParts:
    """All parts of the score of each message."""
    facts = features.facts
    stretch = stretches(facts.seq, facts.spoken_at)
    return ScoreParts(
        meaning=features.meaning,
        words=features.words,
        coverage=coverage(features.by_term, stretch, words=facts.words),
        surroundings=surroundings(features.own, stretch, words=facts.words),
        speaker=facts.speaker_fit.astype(np.float64),
        date=features.date,
        first_person=trait(facts.traits, traits.FIRST_PERSON),
        reply=answers(features) * (facts.speaker_fit > 0),
        time=trait(facts.traits, traits.TIME),
        place=trait(facts.traits, traits.PLACE) * float(asks_where),
    )


def total(parts: ScoreParts, weights: Weights) -> Floats:
    """The weighted sum."""
    score = np.zeros_like(parts.meaning)
    for part in fields(parts):
        score += getattr(weights, part.name) * getattr(parts, part.name)
    return score


def stretches(seq: Integers, spoken_at: Floats) -> Integers:
    """A number per message; neighbours share it unless messages or hours lie between them."""
    if len(seq) == 0:
        return np.zeros(0, dtype=np.int64)
    apart = (np.diff(seq) != 1) | (np.diff(spoken_at) > STRETCH_GAP_S)
    return np.concatenate(([0], np.cumsum(apart)))


def neighbours(stretch: Integers, words: Integers, *, reach: Reach) -> list[Flags]:
    """Which messages are within reach of the one that comes 1, 2, 3... later, in this order."""
    said = np.concatenate(([0], np.cumsum(np.minimum(words, FULL_REACH_WORDS))))
    near: list[Flags] = []
    for distance in range(1, min(reach.most, len(stretch) - 1) + 1):
        together = stretch[distance:] == stretch[:-distance]
        if distance > reach.messages:
            together &= said[distance:-1] - said[1:-distance] < reach.words
        if not together.any():
            break
        near.append(together)
    return near


def best_around(own: Floats, near: Sequence[Flags]) -> Floats:
    """The best value among the neighbours and the message itself, for each row."""
    best = own.copy()
    for distance, together in enumerate(near, start=1):
        earlier = np.where(together, own[..., :-distance], -np.inf)
        later = np.where(together, own[..., distance:], -np.inf)
        best[..., distance:] = np.maximum(best[..., distance:], earlier)
        best[..., :-distance] = np.maximum(best[..., :-distance], later)
    return best


def surroundings(own: Floats, stretch: Integers, *, words: Integers) -> Floats:
    """The best score around a message, or its own."""
    near = neighbours(stretch, words, reach=SURROUNDINGS_REACH)
    return own + damping(words) * (best_around(own, near) - own)


def coverage(by_term: Floats, stretch: Integers, *, words: Integers) -> Floats:
    """How much of the query a message and its next neighbours say between them, 0 to 1.

    What a question puts in one sentence, people say in two or three messages.
    """
    near = neighbours(stretch, words, reach=COVERAGE_REACH)
    own = by_term.sum(axis=0)
    together = best_around(by_term, near).sum(axis=0)
    return np.asarray(own + damping(words) * (together - own))


def damping(words: Integers) -> Floats:
    """1 for short messages, less for long ones."""
    return np.minimum(1.0, FULL_REACH_WORDS / np.maximum(words, 1))


def answers(features: Features) -> Floats:
    """The previous message's own score, where another speaker asks something in it."""
    facts = features.facts
    lifted = np.zeros(len(facts.seq))
    stretch = stretches(facts.seq, facts.spoken_at)
    answering = (
        (stretch[1:] == stretch[:-1])
        & (facts.speaker[1:] != facts.speaker[:-1])
        & (facts.traits[:-1] & traits.QUESTION > 0)
    )
    lifted[1:] = np.where(answering, features.own[:-1], 0.0)
    return lifted


def trait(bits: Integers, which: int) -> Floats:
    """1 where the trait holds."""
    return ((bits & which) > 0).astype(np.float64)
