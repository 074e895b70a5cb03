"""Which questions missed their evidence, and how that is shown."""

import json
from datetime import UTC, datetime

from longroom.evaluation.misses import FIRST, missed, missed_lines
from longroom.evaluation.questions import Dialogue, LabelledQuestion
from longroom.evaluation.run import Answer
from retrieval.wire import MessageCreate, MessageId

SAID = [
    MessageCreate(
        id=MessageId(f"m{number}"),
        role="user",
        participant="ana",
        content=f"words\x1b[2J of {number}\nand more {'x' * 200}",
        created_at=datetime(2025, 3, 1, 12, number, tzinfo=UTC),
    )
    for number in range(30)
]


def question(line: int, *evidence: str, answerable: bool = True) -> LabelledQuestion:
    text = f"What of {line}?"
    return LabelledQuestion(text, None, evidence, "1", answerable, place=f"line {line}")


def answer(asked: LabelledQuestion, *ranked: str) -> Answer:
    return Answer("room", asked, [(one, 5) for one in ranked], confidence=1, total_ms=1)


IDS = [str(message.id) for message in SAID]
FOUND = answer(question(1, "m9"), *IDS)
HALF = answer(question(2, "m0", "m12"), *IDS)
NOTHING = answer(question(3, "m10", "gone"), *IDS)
UNANSWERABLE = answer(question(4, "m20", answerable=False), *IDS)
ANSWERS = [FOUND, HALF, NOTHING, UNANSWERABLE]


def test_the_worst_come_first_with_the_ranks_of_their_evidence_and_what_came_instead() -> None:
    assert FIRST == 10
    result = missed(ANSWERS)
    assert result["missed"] == 2
    worst, half = result["misses"]
    assert worst == {
        "conversation": "room",
        "place": "line 3",
        "evidence": {"m10": 11, "gone": None},
        "instead": {"m0": 1, "m1": 2, "m2": 3},
    }
    assert half["instead"] == {"m1": 2, "m2": 3, "m3": 4}


def test_the_figures_hold_no_text() -> None:
    assert "words" not in json.dumps(missed(ANSWERS))
    assert "What" not in json.dumps(missed(ANSWERS))


def test_what_is_left_out_of_the_list_is_told_with_the_way_to_see_it() -> None:
    dialogues = [Dialogue("room", SAID, [one.question for one in ANSWERS])]
    first, *rest = missed_lines({"questions": 3} | missed(ANSWERS, most=1), dialogues)
    assert first == (
        "2 of 3 questions have evidence that is not among the first 10 hits,"
        " the worst 1 (--all-misses shows all):"
    )
    assert rest[0] == "line 3, conversation room: What of 3?"
    assert rest[1].startswith("  evidence   11.  m10  ana: words [2J of 10 and more xxx")
    assert rest[2] == "  evidence     -  gone  (not in the data set)"
    assert rest[3].startswith("  instead     1.  m0  ana: words")
    assert len(rest) == 6
    assert all(line.isprintable() and len(line) < 130 for line in rest)
    every = missed_lines({"questions": 3} | missed(ANSWERS, most=None), dialogues)
    assert every[0].endswith("first 10 hits, these:")
    assert "line 2, conversation room: What of 2?" in every


def test_without_misses_nothing_is_listed() -> None:
    assert missed_lines({"questions": 1} | missed([FOUND]), []) == []
