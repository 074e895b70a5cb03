"""How many lines of an import were rejected, where they are, and why."""

from pathlib import Path

from longroom.transfer.formats.format import Rejected
from longroom.transfer.reasons import ReasonCounts
from longroom.transfer.rejects import SHOWN_REASONS, told


def counted(*reasons: str) -> ReasonCounts:
    counts = ReasonCounts()
    counts.add(Rejected(number, b"", reason) for number, reason in enumerate(reasons, start=1))
    return counts


def test_reasons_that_differ_in_ids_and_numbers_are_one_and_the_frequent_come_first() -> None:
    counts = counted(
        "content: is missing",
        "id: 'm-1' is already the id of line 3; give it another",
        "id: 'it\\'s' is already the id of line 12; give it another",
    )
    assert told(3, counts, path=Path("/data/room.rejected.jsonl")).splitlines() == [
        "3 lines rejected, in /data/room.rejected.jsonl, each with its line and reason:",
        "        2  line 2: id: 'm-1' is already the id of line 3; give it another",
        "        1  line 1: content: is missing",
    ]


def test_of_very_many_reasons_the_rest_is_counted() -> None:
    reasons = [f"{chr(97 + n)}: is missing" for n in range(SHOWN_REASONS + 3)]
    lines = told(len(reasons), counted(*reasons), path=Path("/r")).splitlines()
    assert len(lines) == 1 + SHOWN_REASONS + 1
    assert lines[-1] == "        3  for other reasons"


def test_what_an_interrupted_import_rejected_is_counted_apart() -> None:
    lines = told(5, counted("content: is missing"), path=Path("/r")).splitlines()
    assert lines[-1] == "        4  by the import that was interrupted"
