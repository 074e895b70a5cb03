"""The parts of a message's score, each a pure function.

Arrays are aligned: one entry per message, in the order said, with gaps. The score is a linear sum:
it can be explained, and does not depend on the number of messages compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

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
    facts: Facts
    meaning: Floats
    """Cosine with the message mixed with its neighbours."""
    alone: Floats
    """Cosine with the message alone."""
    words: Floats
    """Normalised BM25, 0 to 1."""
    by_term: Floats
    """Shares in `words`, one row per term."""
    date: Floats
    """Fit with the days that the query names, 0 to 1."""

    @cached_property
    def own(self) -> Floats:
        return self.alone + self.words

    @cached_property
    def stretch(self) -> Integers:
        return stretches(self.facts.position, self.facts.spoken_at)

    @cached_property
    def answers(self) -> Floats:
        """The previous message's own score, if it is another speaker's question."""
        facts, stretch = self.facts, self.stretch
        lifted = np.zeros(len(facts.seq))
        answering = (
            (stretch[1:] == stretch[:-1])
            & (facts.speaker[1:] != facts.speaker[:-1])
            & (facts.traits[:-1] & traits.QUESTION > 0)
        )
        lifted[1:] = np.where(answering, self.own[:-1], 0.0)
        return lifted


@dataclass(frozen=True)
class ScoreParts:
    """Unweighted, named as in Weights."""

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
    facts, stretch = features.facts, features.stretch
    return ScoreParts(
        meaning=features.meaning,
        words=features.words,
        coverage=coverage(features.by_term, stretch, words=facts.words),
        surroundings=surroundings(features.own, stretch, words=facts.words),
        speaker=facts.speaker_fit.astype(np.float64),
        date=features.date,
        first_person=trait(facts.traits, traits.FIRST_PERSON),
        reply=features.answers * (facts.speaker_fit > 0),
        time=trait(facts.traits, traits.TIME),
        place=trait(facts.traits, traits.PLACE) * float(asks_where),
    )


def total(parts: ScoreParts, weights: Weights) -> Floats:
    score = np.zeros_like(parts.meaning)
    for part in fields(parts):
        if weight := getattr(weights, part.name):
            score += weight * getattr(parts, part.name)
    return score


def stretches(position: Integers, spoken_at: Floats) -> Integers:
    """Equal numbers for neighbours without a gap in `position` or over STRETCH_GAP_S."""
    if len(position) == 0:
        return np.zeros(0, dtype=np.int64)
    apart = (np.diff(position) != 1) | (np.diff(spoken_at) > STRETCH_GAP_S)
    return np.concatenate(([0], np.cumsum(apart)))


def neighbours(stretch: Integers, words: Integers, *, reach: Reach) -> list[Flags]:
    """For distances 1, 2, 3...: which messages reach the one so many places later."""
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
    """The best of a message and its neighbours, per row."""
    best = own.copy()
    for distance, together in enumerate(near, start=1):
        earlier = np.where(together, own[..., :-distance], -np.inf)
        later = np.where(together, own[..., distance:], -np.inf)
        best[..., distance:] = np.maximum(best[..., distance:], earlier)
        best[..., :-distance] = np.maximum(best[..., :-distance], later)
    return best


def surroundings(own: Floats, stretch: Integers, *, words: Integers) -> Floats:
    near = neighbours(stretch, words, reach=SURROUNDINGS_REACH)
    return own + damping(words) * (best_around(own, near) - own)


def coverage(by_term: Floats, stretch: Integers, *, words: Integers) -> Floats:
    """How much of the query a message and its next neighbours have together, 0 to 1.

    People spread over two or three messages what a question puts in one sentence.
    """
    near = neighbours(stretch, words, reach=COVERAGE_REACH)
    own = by_term.sum(axis=0)
    together = best_around(by_term, near).sum(axis=0)
    return np.asarray(own + damping(words) * (together - own))


def damping(words: Integers) -> Floats:
    return np.minimum(1.0, FULL_REACH_WORDS / np.maximum(words, 1))


def trait(bits: Integers, which: int) -> Floats:
    return ((bits & which) > 0).astype(np.float64)
