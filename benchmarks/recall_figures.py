"""The figures of a recall comparison, and their table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.peers.job import Outcome
from longroom.evaluation.baselines import as_answer
from longroom.evaluation.questions import Dialogue
from longroom.evaluation.report import figures, silence
from longroom.evaluation.run import Answer
from retrieval.wire import message_tokens

SHORT = {
    "r10_micro": "R@10",
    "r10_macro": "macro",
    "r10_micro_first_person": "first person",
    "evidence_1000_tokens": "in 1,000 tokens",
    "auroc": "AUROC",
}


@dataclass(frozen=True)
class Answers:
    third_person: list[Answer]
    first_person: list[Answer]
    strangers: list[Answer]
    small_talk: list[Answer]

    @property
    def all(self) -> list[Answer]:
        return [*self.third_person, *self.first_person, *self.strangers, *self.small_talk]


def as_answers(outcome: Outcome, ours: Answers, dialogues: Sequence[Dialogue]) -> Answers:
    """A peer's rankings as answers; its best score is its confidence."""
    tokens: dict[str, dict[str, int]] = {
        dialogue.name: {one.id: message_tokens(one.content) for one in dialogue.messages}
        for dialogue in dialogues
    }
    rankings = iter(outcome.rankings)

    def answered(asked: Sequence[Answer]) -> list[Answer]:
        return [
            as_answer(one.dialogue, one.question, next(rankings), tokens[one.dialogue])
            for one in asked
        ]

    return Answers(
        third_person=answered(ours.third_person),
        first_person=answered(ours.first_person),
        strangers=answered(ours.strangers),
        small_talk=answered(ours.small_talk),
    )


def summary(answers: Answers, *, decides: bool = True) -> dict[str, Any]:
    """Percent, but for AUROC; the table's five figures come first. Unanswerable questions count
    only as a category of `macro`. `decides`: the score can tell "nothing relevant".
    """
    third, first = _figures(answers.third_person), _figures(answers.first_person)
    decided = (
        silence(answers.third_person, strangers=answers.strangers, small_talk=answers.small_talk)
        if decides
        else {}
    )
    return {
        "r10_micro": third["r10_micro"],
        "r10_macro": third["r10_macro"],
        "r10_micro_first_person": first["r10_micro"],
        "evidence_1000_tokens": third["evidence_1000_tokens_micro"],
        "auroc": decided.get("auroc_unanswerable"),
        **decided,
        "third_person": third,
        "first_person": first,
    }


def _figures(answers: Sequence[Answer]) -> dict[str, Any]:
    everything = figures(answers)
    answerable = figures([one for one in answers if one.question.answerable])
    by_category = ("r10_macro", "r10_by_category")
    chosen = answerable | {name: everything[name] for name in by_category}
    # Wall time here is not comparable; `make bench-search` measures time.
    del chosen["ms_p50"], chosen["ms_p95"]
    return chosen


def print_table(table: Mapping[str, Mapping[str, Any]]) -> None:
    print(f"{'':16}" + "".join(f"{title:>17}" for title in SHORT.values()))
    for name, row in table.items():
        cells = ["-" if row[key] is None else f"{row[key]:g}" for key in SHORT]
        print(f"{name:16}" + "".join(f"{cell:>17}" for cell in cells))
