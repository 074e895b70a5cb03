"""The parts of a message's score, each a pure function.

Arrays are aligned: one entry per message, in the order said, with gaps. The score is a linear sum:
it can be explained, and does not depend on the number of messages compared.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final

import numpy as np

from retrieval.columns import Floats, Integers
from retrieval.search.scoring.facts import Facts
from retrieval.search.scoring.reach import best_within, stretches, windows
from retrieval.text import traits
from retrieval.weights import COVERAGE_REACH, FULL_REACH_WORDS, SURROUNDINGS_REACH, Weights


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


_TRAITS: Final = np.array([[traits.FIRST_PERSON], [traits.TIME], [traits.PLACE]])
PARTS: Final = tuple(part.name for part in fields(ScoreParts))


def parts_of(features: Features, *, asks_where: bool) -> ScoreParts:
    facts = features.facts
    coverage, surroundings = with_neighbours(features)
    first_person, time, place = trait(facts.traits, _TRAITS)
    nothing = np.zeros(len(facts.seq))
    asked = facts.speaker_fit > 0
    return ScoreParts(
        meaning=features.meaning,
        words=features.words,
        coverage=coverage,
        surroundings=surroundings,
        speaker=facts.speaker_fit.astype(np.float64),
        date=features.date,
        first_person=first_person,
        reply=features.answers * asked if asked.any() else nothing,
        time=time,
        place=place if asks_where else nothing,
    )


def with_neighbours(features: Features) -> tuple[Floats, Floats]:
    """Coverage: how much of the query a message and its next neighbours have together, 0 to 1;
    people spread over two or three messages what a question puts in one sentence. Surroundings: the
    best own score of a message and its neighbours.
    """
    by_term, own, words = features.by_term, features.own, features.facts.words
    near = windows(features.stretch, words, reaches=(COVERAGE_REACH, SURROUNDINGS_REACH))
    # Together: each numpy call costs more than the numbers of a few hundred messages do.
    best = best_within(np.vstack((by_term, own)), near.rows([0] * len(by_term) + [1]))
    less = damping(words)
    alone, together = by_term.sum(axis=0), best[:-1].sum(axis=0)
    return alone + less * (together - alone), own + less * (best[-1] - own)


def total(parts: ScoreParts, weights: Weights) -> Floats:
    score = np.zeros(len(parts.meaning))
    for name in PARTS:
        if weight := getattr(weights, name):
            score += weight * getattr(parts, name)
    return score


def damping(words: Integers) -> Floats:
    return np.minimum(1.0, FULL_REACH_WORDS / np.maximum(words, 1))


def trait(bits: Integers, which: int | Integers) -> Floats:
    """1 for a message that has it; by rows for a column of several."""
    return ((bits & which) > 0).astype(np.float64)
