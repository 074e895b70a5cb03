"""The evaluation's JSON Lines: what is read, and what is wrong where."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from longroom.evaluation.datasets import read_dataset
from longroom.evaluation.jsonl import DatasetUnreadable


def _message(id_: str = "m1", conversation: str = "a", **changes: Any) -> dict[str, Any]:
    return {
        "kind": "message",
        "conversation": conversation,
        "id": id_,
        "participant": "ana",
        "role": "user",
        "created_at": "2025-03-01T12:00:00Z",
        "content": "The pump is in the cellar.",
        **changes,
    }


def _question(conversation: str = "a", **changes: Any) -> dict[str, Any]:
    return {
        "kind": "question",
        "conversation": conversation,
        "id": "q1",
        "text": "Where is the pump?",
        "subject": None,
        "evidence": ["m1"],
        "category": "single",
        "answerable": True,
        **changes,
    }


def _file(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "set.jsonl"
    text = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(text), encoding="utf-8")
    return path


def test_conversations_may_be_mixed_and_messages_long(tmp_path: Path) -> None:
    code = "```python\n" + "value = compute(value)\n" * 300 + "```"
    path = _file(
        tmp_path,
        _message("m1", "a"),
        _message("m1", "b", role="assistant", participant="assistant", content=code),
        "",
        _question("b", subject="ana", answerable=False, evidence=[]),
        _message("m2", "a"),
        _question("a"),
    )
    first, second = read_dataset(path, form="jsonl")
    assert (first.name, [message.id for message in first.messages]) == ("a", ["m1", "m2"])
    assert first.questions[0].subject is None
    assert second.messages[0].content == code
    assert second.messages[0].role == "assistant"
    assert not second.questions[0].answerable
    assert second.questions[0].evidence == ()


def test_numbers_may_stand_for_names_and_what_nobody_reads_is_let_pass(tmp_path: Path) -> None:
    path = _file(tmp_path, _message(1, 7, topic="pumps"), _question(7, evidence=[1], category=4))  # type: ignore[arg-type]
    (dialogue,) = read_dataset(path, form="jsonl")
    assert dialogue.messages[0].id == "1"
    assert dialogue.questions[0].evidence == ("1",)
    assert dialogue.questions[0].category == "4"


def test_a_message_without_text_is_left_out_and_is_no_evidence(tmp_path: Path) -> None:
    question = _question(evidence=["m1", "m0"])
    path = _file(tmp_path, _message("m0", content=" "), _message(), question)
    (dialogue,) = read_dataset(path, form="jsonl")
    assert [message.id for message in dialogue.messages] == ["m1"]
    assert dialogue.questions[0].place == "line 3"
    (bad,) = dialogue.bad_evidence
    assert (bad.place, bad.field, bad.id) == ("line 3", "evidence[1]", "m0")


def test_a_packed_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl.gz"
    path.write_bytes(gzip.compress((json.dumps(_message()) + "\n").encode()))
    assert len(read_dataset(path, form="jsonl")) == 1


@pytest.mark.parametrize(
    ("line", "where"),
    [
        ("not json", "line 2 is not JSON"),
        ("[]", "line 2, kind"),
        ({"kind": "note"}, "line 2, kind: must be 'message' or 'question'"),
        (_message("m2", role="narrator"), "line 2, role"),
        (_message("m2", created_at="yesterday"), "line 2, created_at"),
        (_message("m2", created_at="2025-03-01T12:00:00"), "line 2, created_at"),
        (_message("m2", content=7.5) | {"content": None}, "line 2, content"),
        (_message("m2", content="x" * 65_537), "line 2, content"),
        (_message("m2", participant="a\nb"), "line 2, participant"),
        (_message("m1"), "line 2, id: 'm1' is taken"),
        ({k: v for k, v in _message("m2").items() if k != "id"}, "line 2, id"),
        (_question(text=""), "line 2, text"),
        (_question(evidence="m1"), "line 2, evidence"),
        (_question(evidence=["m1", None]), r"line 2, evidence\[1\]"),
        (_question(answerable="perhaps"), "line 2, answerable"),
        (_question(subject=["ana"]), "line 2, subject"),
        (_question("nowhere"), "conversation 'nowhere' has questions but no message"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_field(
    tmp_path: Path, line: object, where: str
) -> None:
    path = _file(tmp_path, _message(), line)
    with pytest.raises(DatasetUnreadable, match=where) as refused:
        read_dataset(path, form="jsonl")
    assert str(path) in str(refused.value)
