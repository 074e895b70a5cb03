"""Fits the weights of the score to questions whose evidence is known, and says what that is worth.

Each question's best messages are taken with the parts of their scores, as the search explains them,
and put into a new order for each set of weights tried: coordinate search, one weight at a time.
Left out in turn, each conversation is judged by weights that the others chose; what a fit gains
there is what it gains anywhere, what it gains elsewhere it may have learned by heart.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from longroom.evaluation.run import Answer
from retrieval.columns import Floats
from retrieval.weights import Weights

PARTS = [part.name for part in fields(Weights)]
CUT = 10
"""Messages among which the evidence should be. Aiming at several cuts together was tried: what it
chose was worth less in conversations left out."""
FACTORS = (0.0, 0.5, 0.7, 0.85, 1.15, 1.4, 2.0)
"""What one weight is multiplied by in turn."""
ROUNDS = 4
LEAST_GAIN = 0.0002
"""A weight stays as it is for less, as a share of the evidence."""


@dataclass(frozen=True)
class Sample:
    """Questions (first axis) with their messages (second), padded with messages of no worth."""

    parts: Floats
    """Unweighted, the third axis as in PARTS."""
    share: Floats
    """Which share of the question's evidence each message is."""
    dialogue: list[str]

    def only(self, dialogues: Sequence[str]) -> "Sample":
        """The questions of some conversations."""
        chosen = [place for place, name in enumerate(self.dialogue) if name in dialogues]
        return Sample(
            self.parts[chosen], self.share[chosen], [self.dialogue[place] for place in chosen]
        )


def fit(answers: Sequence[Answer], *, start: Weights) -> dict[str, Any]:
    """The weights found, and R@10 in percent: with `start`, fitted, and fitted on the others only.

    The answers must be explained, and given by `start`. A part that weighs nothing at the start
    cannot be seen in them and keeps weighing nothing.
    """
    sample = sample_of([one for one in answers if one.question.answerable], start=start)
    present = np.array([getattr(start, part) for part in PARTS])
    found = search(sample, present)
    return {
        "weights": {part: round(float(w), 3) for part, w in zip(PARTS, found, strict=True)},
        "r10_present": _percent(recalled(sample, present)),
        "r10_fitted": _percent(recalled(sample, found)),
        "r10_left_out": _left_out(sample, present),
    }


def sample_of(answers: Sequence[Answer], *, start: Weights) -> Sample:
    """What the answers' messages are made of, the weights of `start` divided out."""
    judged = [answer for answer in answers if answer.question.evidence and answer.ranked]
    deepest = max((len(answer.ranked) for answer in judged), default=0)
    parts = np.full((len(judged), deepest, len(PARTS)), np.nan)
    share = np.zeros((len(judged), deepest))
    unit = {part: weight or np.inf for part, weight in asdict(start).items()}
    for row, answer in enumerate(judged):
        evidence = answer.question.evidence
        for place, ((one, _), weighted) in enumerate(zip(answer.ranked, answer.parts, strict=True)):
            parts[row, place] = [weighted[part] / unit[part] for part in PARTS]
            share[row, place] = (one in evidence) / len(evidence)
    return Sample(parts, share, [answer.dialogue for answer in judged])


def search(sample: Sample, start: Floats) -> Floats:
    """The weights that find most, changing one at a time until no change gains anything."""
    best, most = start, worth(sample, start)
    for _ in range(ROUNDS):
        before = most
        for part in range(len(best)):
            for factor in FACTORS:
                tried = best.copy()
                tried[part] *= factor
                gained = worth(sample, tried)
                if gained > most + LEAST_GAIN:
                    best, most = tried, gained
        if most <= before:
            break
    return best


def worth(sample: Sample, weights: Floats) -> float:
    """The mean share of the evidence found."""
    return float(recalled(sample, weights).mean())


def recalled(sample: Sample, weights: Floats, *, cut: int = CUT) -> Floats:
    """The share of each question's evidence among its first messages, ordered by the weights."""
    score = np.nan_to_num(sample.parts @ weights, nan=-np.inf)
    first = np.argsort(-score, axis=1, kind="stable")[:, :cut]
    return np.asarray(np.take_along_axis(sample.share, first, axis=1).sum(axis=1))


def _left_out(sample: Sample, start: Floats) -> float | None:
    """R@10 of each conversation by the weights of the others; None if there are no others."""
    names = list(dict.fromkeys(sample.dialogue))
    if len(names) < 2:
        return None
    found = []
    for name in names:
        others = search(sample.only([one for one in names if one != name]), start)
        found.append(recalled(sample.only([name]), others))
    return _percent(np.concatenate(found))


def _percent(shares: Floats) -> float:
    return round(100 * float(shares.mean()), 2) if len(shares) else 0.0
