"""Figures of an evaluation as one JSON object."""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from longroom.evaluation.metrics import auroc, inside_tokens, interval, ndcg, recall
from longroom.evaluation.run import Answer

TOKEN_BUDGETS = (400, 800, 1000, 1600)
Measure = Callable[[Answer], float]


def _ids(answer: Answer) -> list[str]:
    return [one for one, _ in answer.ranked]


def _evidence(answer: Answer) -> tuple[str, ...]:
    return answer.question.evidence


MEASURES: dict[str, Measure] = {
    "r5": lambda answer: recall(_ids(answer), _evidence(answer), first=5),
    "r10": lambda answer: recall(_ids(answer), _evidence(answer), first=10),
    "r20": lambda answer: recall(_ids(answer), _evidence(answer), first=20),
    "all10": lambda answer: float(recall(_ids(answer), _evidence(answer), first=10) == 1.0),
    "ndcg10": lambda answer: ndcg(_ids(answer), _evidence(answer), first=10),
}


def figures(answers: Sequence[Answer]) -> dict[str, object]:
    """In percent, over the questions that have an answer; intervals are 95 %, over conversations.
    `macro`: mean over all categories, also of unanswerable questions, whose evidence counts.
    """
    judged = [answer for answer in answers if answer.question.evidence]
    answerable = [answer for answer in judged if answer.question.answerable]
    measures = MEASURES | {f"evidence_{budget}_tokens": _inside(budget) for budget in TOKEN_BUDGETS}
    categories = _by_category(judged, MEASURES["r10"])
    return {
        "questions": len(answerable),
        **{f"{name}_micro": _mean(answerable, measure) for name, measure in measures.items()},
        "r10_micro_interval": _interval(answerable),
        **{f"{name}_macro": _macro(judged, measure) for name, measure in measures.items()},
        "r10_by_category": {name: round(value, 2) for name, value in categories.items()},
        "ms_p50": round(float(np.percentile([one.total_ms for one in judged], 50)), 2),
        "ms_p95": round(float(np.percentile([one.total_ms for one in judged], 95)), 2),
    }


def silence(
    answers: Sequence[Answer], *, strangers: Sequence[Answer], small_talk: Sequence[Answer]
) -> dict[str, float]:
    """AUROC of the confidence: answerable questions against each kind without an answer."""
    answerable = [one.confidence for one in answers if one.question.answerable]
    unanswerable = [one.confidence for one in answers if not one.question.answerable]
    against = {
        "auroc_unanswerable": unanswerable,
        "auroc_other_conversation": [one.confidence for one in strangers],
        "auroc_small_talk": [one.confidence for one in small_talk],
    }
    return {name: round(auroc(answerable, other), 4) for name, other in against.items() if other}


def _inside(budget: int) -> Measure:
    return lambda answer: inside_tokens(answer.ranked, _evidence(answer), budget=budget)


def _mean(answers: Sequence[Answer], measure: Measure) -> float:
    return round(100 * float(np.mean([measure(answer) for answer in answers])), 2)


def _macro(answers: Sequence[Answer], measure: Measure) -> float:
    return round(float(np.mean([*_by_category(answers, measure).values()])), 2)


def _by_category(answers: Sequence[Answer], measure: Measure) -> dict[str, float]:
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for answer in answers:
        groups[answer.question.category].append(100 * measure(answer))
    return {category: float(np.mean(group)) for category, group in sorted(groups.items())}


def _interval(answers: Sequence[Answer]) -> list[float]:
    groups: defaultdict[str, list[float]] = defaultdict(list)
    for answer in answers:
        groups[answer.dialogue].append(100 * MEASURES["r10"](answer))
    return [round(bound, 2) for bound in interval([np.array(group) for group in groups.values()])]
