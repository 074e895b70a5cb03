"""Counts of right answers, as JSON and as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from benchmarks.writing.rooms import Answer
from benchmarks.writing.trial import Row, SubKind
from longroom.evaluation.metrics import auroc

Answers = Mapping[Row, Answer]
Figures = dict[str, Any]


def right(row: Row, answer: Answer) -> bool:
    if row.expects == "silence":
        return not answer.relevant
    found = found_within(row, answer, row.within)
    return found and (answer.relevant or row.expects == "first")


def found_within(row: Row, answer: Answer, first: int) -> bool:
    if row.expects == "silence":
        return not answer.relevant
    return not row.right.isdisjoint(answer.places[:first])


def kind_figures(sub_kinds: Sequence[SubKind], answers: Answers) -> Figures:
    rows = [row for sub in sub_kinds for row in sub.rows]
    controls = [row for sub in sub_kinds for row in sub.controls]
    return {
        **_counts(rows, controls, answers),
        "auroc": _auroc(rows + controls, answers),
        "subkinds": {sub.name: _counts(sub.rows, sub.controls, answers) for sub in sub_kinds},
    }


def question_figures(rows: Sequence[Row], answers: Answers) -> Figures:
    shares = {
        f"top{first}": _mean([found_within(row, answers[row], first) for row in rows])
        for first in (1, 3, 10)
    }
    return {**shares, "relevant": _mean([answers[row].relevant for row in rows]), "n": len(rows)}


def without_sub_kinds(kind: Figures) -> Figures:
    return {name: figure for name, figure in kind.items() if name != "subkinds"}


def worst_share(kinds: Mapping[str, Figures]) -> float | None:
    shares = [share(kind) for kind in kinds.values()]
    return min((one for one in shares if one is not None), default=None)


def share(figures: Figures) -> float | None:
    """Of what the control gets, at most 1; None if it gets nothing."""
    control = figures["control_top1"]
    return round(min(1.0, figures["top1"] / control), 4) if control else None


def _counts(rows: Sequence[Row], controls: Sequence[Row], answers: Answers) -> Figures:
    found = [row for row in rows if row.expects != "silence"]
    return {
        "top1": _mean([right(row, answers[row]) for row in rows]),
        "control_top1": _mean([right(row, answers[row]) for row in controls]),
        "n": len(rows),
        "top3": _mean([found_within(row, answers[row], 3) for row in rows]),
        "top10": _mean([found_within(row, answers[row], 10) for row in rows]),
        "relevant": _mean([answers[row].relevant for row in found]),
    }


def _auroc(rows: Sequence[Row], answers: Answers) -> float | None:
    """How well the confidence tells questions with an answer from those without."""
    silent = {row for row in rows if row.expects == "silence"}
    if not silent:
        return None
    heard = [answers[row].confidence for row in dict.fromkeys(rows) if row not in silent]
    return round(auroc(heard, [answers[row].confidence for row in silent]), 4)


def _mean(values: Sequence[bool]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def summary(kinds: Mapping[str, Figures]) -> Table:
    """Every kind with its sub-kinds, the worst first."""
    table = Table(box=None, header_style="bold")
    table.add_column("kind", overflow="fold")
    for title in ("top 1", "control", "share", "top 10", "relevant", "n"):
        table.add_column(title, justify="right")
    for name, kind in kinds.items():
        table.add_row(name, *_cells(kind), style="bold")
        for sub, figures in sorted(kind["subkinds"].items(), key=lambda one: share(one[1]) or 0.0):
            table.add_row(f"  {sub}", *_cells(figures))
    return table


def _cells(figures: Figures) -> list[str]:
    part = share(figures)
    shown = [figures["top1"], figures["control_top1"], part, figures["top10"], figures["relevant"]]
    return [*("–" if one is None else f"{one * 100:.0f}" for one in shown), str(figures["n"])]


def misses(named: Sequence[tuple[str, Row]], answers: Answers) -> list[str]:
    """Questions with what was said and what came first instead; texts are all invented."""
    return [
        f"{name}: {row.query!r}, wanted {_said(row, sorted(row.right)[:1])}, "
        f"got {_said(row, answers[row].places[:1])}"
        f"{'' if answers[row].relevant else ' (not relevant)'}"
        for name, row in named
        if not right(row, answers[row])
    ]


def _said(row: Row, places: Sequence[int]) -> str:
    return repr(row.chat.said[places[0]].text) if places else "nothing"
