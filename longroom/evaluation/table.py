"""Figures of an evaluation as a text table."""

from collections.abc import Mapping
from typing import Any

COLUMNS = {
    "r5_micro": "R@5",
    "r10_micro": "R@10",
    "r20_micro": "R@20",
    "all10_micro": "all@10",
    "ndcg10_micro": "nDCG",
    "r10_macro": "macro",
    "evidence_400_tokens_micro": "400 t",
    "evidence_800_tokens_micro": "800 t",
    "evidence_1000_tokens_micro": "1000 t",
    "evidence_1600_tokens_micro": "1600 t",
}


def table(result: Mapping[str, Any]) -> str:
    """Rows for the search, each baseline, and the search without each part of the score."""
    rows = {"this search": result}
    rows |= result.get("baselines", {})
    rows |= {f"- {part}": figures for part, figures in result.get("without", {}).items()}
    low, high = result["r10_micro_interval"]
    lines = [
        f"{result['questions']} questions with an answer, {result['phrasing']} person;"
        f" share of the evidence in %, R@10 [{low}, {high}] over conversations",
        _line("", list(COLUMNS.values())),
        *(_line(name, [f"{row[column]:.1f}" for column in COLUMNS]) for name, row in rows.items()),
        "R@10 by category: "
        + ", ".join(f"{name} {value:.1f}" for name, value in result["r10_by_category"].items()),
        f"milliseconds a search: {result['ms_p50']} (p95 {result['ms_p95']})",
    ]
    silence = {name: value for name, value in result.items() if name.startswith("auroc_")}
    if silence:
        lines.append("AUROC: " + ", ".join(f"{k[6:]} {v:.3f}" for k, v in silence.items()))
    lines.append(_sizes_line(result["messages_by_room"]))
    if result["evidence_unknown"]:
        lines.append(f"evidence that names no message: {result['evidence_unknown']} ids")
    if "first_person" in result:
        own = result["first_person"]
        lines.append(f"in first person: R@10 {own['r10_micro']:.1f}, macro {own['r10_macro']:.1f}")
    if "follow_ups" in result:
        lines += _follow_up_lines(result["follow_ups"])
    if "fit" in result:
        lines += _fit_lines(result["fit"])
    return "\n".join(lines)


def _sizes_line(sizes: Mapping[str, int]) -> str:
    low, high = min(sizes.values()), max(sizes.values())
    each = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{sum(sizes.values()):,} messages in {len(sizes)} room(s) of {each}"


def _follow_up_lines(kinds: Mapping[str, Any]) -> list[str]:
    columns = ("questions", "r10_without_window", "r10_with_window", "r10_whole_question")
    return [
        "R@10 of follow-ups, without and with the window, and of the whole question:",
        _line("", ["number", "without", "with", "whole"]),
        *(
            _line(f"  {kind}", [f"{row[name]:g}" if name in row else "" for name in columns])
            for kind, row in kinds.items()
        ),
    ]


def _fit_lines(fit: Mapping[str, Any]) -> list[str]:
    left_out = fit["r10_left_out"]
    return [
        "weights that suit these questions best: "
        + ", ".join(f"{part} {weight:g}" for part, weight in fit["weights"].items()),
        f"R@10 with the present weights {fit['r10_present']}, with these {fit['r10_fitted']},"
        " each conversation by the weights of the others "
        + (f"{left_out}" if left_out is not None else "not known, there is only one"),
    ]


def _line(name: str, cells: list[str]) -> str:
    return f"{name:<16}" + "".join(f"{cell:>8}" for cell in cells)
