"""Four times the text takes about four times the work, whatever the text is made of.

Processor time, the least of several tries: other programs on the machine do not count.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from time import process_time

import pytest

from retrieval.search.query.days import read_days
from retrieval.search.query.small_talk import possible_title
from retrieval.search.selection.candidate import Candidate
from retrieval.search.selection.repeats import collapse
from retrieval.search.selection.texts.content import Content
from retrieval.text import passages
from retrieval.text.normal_form import readable
from retrieval.text.terms.asked import query_terms
from retrieval.wire import Message, MessageId

NOW = datetime(2025, 3, 1, tzinfo=UTC)
TIMES = 4
MOST_TIMES = 10
"""More than noise adds, and less than the square."""
FIXED_S = 0.005


def quoted(text: str) -> None:
    """Two messages, of which the agent's may quote the other."""
    collapse([_candidate(1, "user", text), _candidate(2, "assistant", text)], language="english")


def _candidate(seq: int, role: str, text: str) -> Candidate:
    said = Message.model_validate(
        {"id": f"m{seq}", "seq": seq, "role": role, "participant": role, "content": text + role}
        | {"created_at": NOW}
    )
    assert said.id == MessageId(f"m{seq}")
    return Candidate(seq, said, Content(text, language="english"), score=1.0)


CASES: dict[str, tuple[Callable[[str], object], str, int]] = {
    "passages of dots": (passages.split, ".", 4_000),
    "passages of question marks": (passages.split, "?", 4_000),
    "combining marks": (readable, "\u0301\u0323", 8_000),
    "titles of quotes": (possible_title, '"', 500),
    "titles of lines": (possible_title, "_", 500),
    "days in equations": (lambda text: read_days(text, now=NOW, language="english"), "a=1&", 250),
    "Chinese days": (lambda text: read_days(text, now=NOW, language="english"), "去年三月", 250),
    "months": (lambda text: read_days(text, now=NOW, language="english"), "may ", 250),
    "terms of Thai": (lambda text: query_terms(text, language="english"), "กขคง", 500),
    "open quotation marks": (quoted, "«", 4_000),
    "quotation marks that never close": (quoted, "„a ", 4_000),
}


@pytest.mark.parametrize(("work", "piece", "count"), CASES.values(), ids=CASES.keys())
def test_work_grows_with_the_length_of_a_text(
    work: Callable[[str], object], piece: str, count: int
) -> None:
    least_s(work, piece, 1)  # fills caches

    short_s = least_s(work, piece, count)
    long_s = least_s(work, piece, TIMES * count)

    assert long_s < MOST_TIMES * short_s + FIXED_S


def least_s(work: Callable[[str], object], piece: str, count: int) -> float:
    text = "a" + piece * count
    return min(_time_s(work, text) for _ in range(3))


def _time_s(work: Callable[[str], object], text: str) -> float:
    started_s = process_time()
    work(text)
    return process_time() - started_s
