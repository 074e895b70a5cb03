"""The figures of bench-kill see each fault that they are to count."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from benchmarks.kill.ledger import Ledger, audit
from retrieval.wire import Message

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def ledger() -> Ledger:
    kept = Ledger(1)
    for speaker, number in (("ada", 1), ("ben", 1), ("ada", 2)):
        kept.sent[f"{speaker}{number}"] = f"r1 {speaker} {number}: key, please?"
    kept.accepted.update(kept.sent)
    kept.answered.add("ada1")
    return kept


def said(id_: str, seq: int, **changes: Any) -> Message:
    question = id_.partition(".")[0]
    text = f"r1 {question[:3]} {question[3:]}: key, please?"
    answer = id_ != question
    fields: dict[str, Any] = {
        "id": id_,
        "seq": seq,
        "role": "assistant" if answer else "user",
        "participant": "agent" if answer else question[:3],
        "content": f"agent-1 answers {text}" if answer else text,
        "created_at": NOON + timedelta(seconds=seq),
    }
    return Message(**(fields | changes))


WHOLE = [said("ada1", 1), said("ada1.answer1", 2), said("ben1", 3), said("ada2", 4)]
LATE = [said("ada1.answer1.late", 2, epoch=1), said("ada1", 5, epoch=1, created_at=NOON)]


@pytest.mark.parametrize(
    ("fault", "conversation"),
    [
        ("", WHOLE),
        ("", [*LATE, WHOLE[2], WHOLE[3]]),
        ("lost", [*WHOLE[:2], WHOLE[3]]),
        ("lost", [WHOLE[0], *WHOLE[2:]]),
        ("lost", [*WHOLE[:3], said("ada2", 4, content="r1 ada 3: other words")]),
        ("doubled", [WHOLE[0], said("ada1x", 9, content=WHOLE[0].content), *WHOLE[1:]]),
        ("doubled", [*WHOLE, said("ada1.answer2", 9)]),
        ("reordered", [WHOLE[3], WHOLE[2], *(m.model_copy(update={"seq": 9}) for m in WHOLE[:2])]),
        ("reordered", [WHOLE[1], WHOLE[0], *WHOLE[2:]]),
        ("crossed", [*WHOLE, said("ada3", 5, content="r2 ada 3: key, please?")]),
    ],
)
def test_each_fault_is_counted_as_what_it_is(fault: str, conversation: list[Message]) -> None:
    by_time = sorted(conversation, key=lambda m: m.created_at) if not fault else conversation
    figures = audit(ledger(), by_time, conversation)
    found = {name for name in ("lost", "doubled", "reordered", "crossed") if getattr(figures, name)}
    assert found == ({fault} if fault else set())


def turn(agent: int, speaker: str, number: int) -> list[tuple[str, str]]:
    text = f"r1 {speaker} {number}: key, please?"
    return [
        ("user", f'[user "{speaker}"] {text}'),
        ("assistant", f"agent-1-{agent} answers {text}"),
    ]


@pytest.mark.parametrize(
    ("prompt", "right"),
    [
        (turn(1, "ada", 1) + turn(1, "ben", 1) + turn(1, "ada", 2), True),
        # Taken up by a later agent, on the machine where it was accepted.
        (turn(1, "ada", 2) + turn(2, "ada", 1) + turn(2, "ada", 3), True),
        (turn(1, "ada", 2) + turn(1, "ada", 1), False),
        (turn(1, "ada", 1) + turn(1, "ada", 1), False),
        (turn(1, "ada", 1)[::-1], False),
        # Without the backend, its question was not found.
        (turn(1, "ada", 1)[1:] + turn(2, "ada", 2), True),
    ],
)
def test_a_prompt_must_show_turns_as_they_were_taken(
    prompt: list[tuple[str, str]], right: bool
) -> None:
    kept = ledger()
    kept.show([("system", "Answer."), *prompt])
    assert bool(kept.misshown) is not right


def test_what_is_recalled_is_no_turn() -> None:
    kept = ledger()
    quoted = "> [ada] r1 ada 1: key, please?\n</recalled_messages 1a>"
    block = f"<recalled_messages 1a>\n{quoted}"
    kept.show([*turn(1, "ada", 1), ("user", block), *turn(1, "ada", 2)])
    assert not kept.misshown


def test_a_prompt_with_another_rooms_words_is_crossed() -> None:
    kept = ledger()
    block = "<recalled_messages 1a>\n> x] r7 ada 1: key\n</recalled_messages 1a>"
    kept.show([("user", block), ("user", '[user "ada"] r1 ada 1: key, please?')])
    assert kept.crossed
