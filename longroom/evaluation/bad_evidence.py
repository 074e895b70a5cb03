"""Evidence that names no message of its conversation, told before anything is measured."""

from collections.abc import Sequence
from pathlib import Path

from longroom.evaluation.questions import Dialogue

SHOWN = 20


def bad_evidence_lines(path: Path, dialogues: Sequence[Dialogue], *, every: bool) -> list[str]:
    """With line and field; the first SHOWN, unless `every`."""
    found = [(dialogue.name, bad) for dialogue in dialogues for bad in dialogue.bad_evidence]
    if not found:
        return []
    shown = found if every else found[:SHOWN]
    lines = [
        f"longroom: {path}, {bad.place}, {bad.field}: conversation {name!r} has no message"
        f" {bad.id!r} with a text"
        for name, bad in shown
    ]
    if more := len(found) - len(shown):
        lines.append(f"longroom: … and {more} more such ids (--all-misses shows all)")
    return lines
