"""Draws recorded recall and search cost by room size in docs/images/; skips missing records."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.record import RESULTS

IMAGES = RESULTS.parents[1] / "docs" / "images"
LABELS = {
    "ours": "Longroom",
    "newest": "last 10 messages",
    "pgvector": "pgvector top 10",
    "bm25": "BM25",
    "rrf60": "reciprocal rank fusion",
    "hybrid_ms": "Longroom, whole search",
    "vector_ms": "Longroom, vector part",
    "numpy_ms": "numpy in memory (the limit)",
    "naive_ms": "one wide table",
    "hnsw_ms": "global HNSW with a filter",
    "hnsw_iterative_ms": "the same, iterative scan",
}
ROOM_SIZE = re.compile(r"--room-size[ =](\d+)")
Line = list[tuple[float, float]]
"""Pairs of room size and figure."""


def main() -> None:
    mpl.rcParams["svg.hashsalt"] = "longroom"  # makes the files reproducible
    IMAGES.mkdir(parents=True, exist_ok=True)
    _draw("recall.svg", recall_lines(), figure="evidence among the first ten, %", log=False)
    _draw(
        "latency.svg", latency_lines(), figure="processor time of a search, ms (median)", log=True
    )


def recall_lines() -> dict[str, Line]:
    """R@10 of ours and the baselines by room size; skips records without `--room-size`."""
    lines: defaultdict[str, Line] = defaultdict(list)
    for record in _records("evaluate"):
        size = ROOM_SIZE.search(record["command"])
        if size:
            systems = {"ours": record["result"], **record["result"].get("baselines", {})}
            for name, figures in systems.items():
                lines[name].append((int(size.group(1)), figures["r10_micro"]))
    return dict(lines)


def latency_lines() -> dict[str, Line]:
    lines: defaultdict[str, Line] = defaultdict(list)
    for record in _records("search"):
        for size, figures in record["result"]["sizes"].items():
            for name in LABELS:
                if name in figures:
                    lines[name].append((int(size), figures[name]["p50"]))
    return dict(lines)


def _records(section: str) -> list[Mapping[str, Any]]:
    paths = [path for path in RESULTS.glob("*.json") if path.stem.split("-")[0] == section]
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(paths)]


def _draw(name: str, lines: Mapping[str, Line], *, figure: str, log: bool) -> None:
    if not lines:
        print(f"nothing recorded for {name}")
        return
    chart = Figure(figsize=(8, 4.5), layout="constrained")
    axes = chart.subplots()
    for key, line in lines.items():
        sizes, values = zip(*sorted(line), strict=True)
        width = 2.5 if key in ("ours", "hybrid_ms") else 1.2
        axes.plot(sizes, values, marker="o", linewidth=width, label=LABELS[key])
    axes.set_xscale("log")
    recorded = sorted({size for line in lines.values() for size, _ in line})
    axes.set_xticks(recorded, [f"{size:,.0f}" for size in recorded])
    axes.set_xticks([], minor=True)
    if log:
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, 100)
    axes.set_xlabel("messages in the room")
    axes.set_ylabel(figure)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(frameon=False, fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
    chart.savefig(IMAGES / name, metadata={"Date": None})
    print(f"wrote docs/images/{name}")


if __name__ == "__main__":
    main()
