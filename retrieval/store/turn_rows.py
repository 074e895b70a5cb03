"""A trace of a turn as the columns of its row, and the trace of a row."""

from typing import TYPE_CHECKING, Any

import orjson

from retrieval.store.turn_mentions import mentioned
from retrieval.wire import KeptTrace, TurnFigures, TurnTrace

if TYPE_CHECKING:
    from retrieval.database.connection import Record

FIGURES = set(TurnFigures.model_fields)
FIGURES_OF_RECALL = ("hits", "shown", "cut")
"""Counted among a trace's figures, as they were when it was recorded."""


def trace_of(row: "Record") -> KeptTrace:
    """Of its columns figures and recall."""
    figures = orjson.loads(row["figures"])
    kept = {name: value for name, value in figures.items() if name not in FIGURES_OF_RECALL}
    return KeptTrace.model_validate(kept | orjson.loads(row["recall"]))


def recall_of(trace: TurnTrace) -> dict[str, Any]:
    """What is no figure."""
    return trace.model_dump(mode="json", exclude=FIGURES, exclude_defaults=True)


def row_of(trace: TurnTrace) -> dict[str, Any]:
    figures = trace.model_dump(mode="json", include=FIGURES, exclude_none=True)
    counts = {name: len(getattr(trace, name)) for name in FIGURES_OF_RECALL}
    return {
        **figures,
        "figures": figures | counts,
        "recall": recall_of(trace),
        "mentions": mentioned(trace),
    }
