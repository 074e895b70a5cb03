"""Data sets, rephrased questions and figures, against values worked out by hand."""

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from longroom.evaluation.baselines import fused
from longroom.evaluation.datasets import read_dataset, read_messages
from longroom.evaluation.jsonl import DatasetUnreadable
from longroom.evaluation.metrics import auroc, inside_tokens, interval, ndcg, recall
from longroom.evaluation.questions import LabelledQuestion, in_first_person


def test_recall_is_the_share_of_the_evidence_among_the_first() -> None:
    assert recall(["a", "b", "c"], {"a", "c"}, first=2) == 0.5
    assert recall(["a", "b", "c"], {"a", "c"}, first=3) == 1
    assert recall([], {"a"}, first=10) == 0


def test_ndcg_counts_early_finds_for_more() -> None:
    assert ndcg(["a", "b"], {"a", "b"}, first=10) == 1
    assert ndcg(["x", "a"], {"a"}, first=10) == pytest.approx(1 / math.log2(3))
    assert ndcg(["x"] * 10 + ["a"], {"a"}, first=10) == 0


def test_messages_that_do_not_fit_are_passed_over() -> None:
    ranked = [("a", 60), ("b", 50), ("c", 40)]

    assert inside_tokens(ranked, {"a", "b", "c"}, budget=100) == pytest.approx(2 / 3)
    assert inside_tokens(ranked, {"b"}, budget=100) == 0


def test_auroc_is_the_chance_that_a_positive_scores_higher() -> None:
    assert auroc([0.9, 0.8], [0.1, 0.2]) == 1
    assert auroc([0.1], [0.9]) == 0
    assert auroc([0.5], [0.5]) == 0.5
    assert auroc([0.9, 0.4], [0.5, 0.1]) == 0.75
    assert math.isnan(auroc([], [0.5]))


def test_an_interval_of_equal_groups_has_no_width() -> None:
    assert interval([np.array([1.0, 0.0]), np.array([0.0, 1.0])]) == (0.5, 0.5)


def test_an_interval_reaches_from_bad_to_good_conversations() -> None:
    low, high = interval([np.zeros(10), np.ones(10)])

    assert (low, high) == (0, 1)


def test_rank_fusion_prefers_what_both_have() -> None:
    assert fused([("a", 1.0), ("b", 1.0)], [("c", 1.0), ("b", 1.0)])[0][0] == "b"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("When did Ana move to Ana's flat?", "When did I move to my flat?"),
        ("What is ana’s number?", "What is my number?"),
        ("Did Anabel call?", "Did Anabel call?"),
    ],
)
def test_in_first_person_the_subject_asks(text: str, asked: str) -> None:
    question = LabelledQuestion(text, "Ana", ("m1",), "1", answerable=True)

    assert in_first_person(question).text == asked
    assert in_first_person(question).asker == "Ana"


def test_a_question_about_nobody_is_asked_as_it_stands() -> None:
    question = LabelledQuestion("What broke?", None, ("m1",), "1", answerable=True)

    assert in_first_person(question) == question


def _locomo(tmp_path: Path, **changes: Any) -> Path:
    conversation = {
        "speaker_a": "Ana",
        "speaker_b": "Bob",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"speaker": "Ana", "dia_id": "D1:1", "text": "Look!", "blip_caption": "a red kite"},
            {"speaker": "Bob", "dia_id": "D1:2", "text": "Nice."},
        ],
        "session_2_date_time": "9:05 am on 1 June, 2023",
        "session_2": [{"speaker": "Bob", "dia_id": "D2:1", "text": "Hi."}],
    }
    questions = [
        {"question": "What did Ana show Bob?", "evidence": ["D1:1; D1:2"], "category": 4},
        {"question": "What does Bob fly?", "evidence": ["D1:1", "D9:9"], "category": 5},
        {"question": "Unanswered?", "evidence": [], "category": 1},
    ]
    sample = {"sample_id": "conv-1", "conversation": conversation, "qa": questions} | changes
    path = tmp_path / "locomo.json"
    path.write_text(json.dumps([sample]))
    return path


def test_locomo_is_read_with_dates_captions_and_evidence(tmp_path: Path) -> None:
    dialogue = read_dataset(_locomo(tmp_path), form="locomo")[0]

    assert [message.id for message in dialogue.messages] == ["D1:1", "D1:2", "D2:1"]
    assert dialogue.messages[0].content == "Look! [image: a red kite]"
    assert dialogue.messages[2].created_at.isoformat() == "2023-06-01T09:05:00+00:00"
    assert [question.evidence for question in dialogue.questions] == [("D1:1", "D1:2"), ("D1:1",)]
    assert [question.subject for question in dialogue.questions] == [None, "Bob"]
    assert [question.answerable for question in dialogue.questions] == [True, False]
    assert [question.place for question in dialogue.questions] == ["qa[0]", "qa[1]"]
    (bad,) = dialogue.bad_evidence
    assert (bad.place, bad.field, bad.id) == ("qa[1]", "evidence", "D9:9")


def test_evaluation_lines_are_read_by_conversation(tmp_path: Path) -> None:
    lines = [
        {
            "kind": "message",
            "conversation": "c1",
            "id": "m1",
            "participant": "Ana",
            "role": "user",
            "created_at": "2024-01-01T00:00:00Z",
            "content": "The key is blue.",
        },
        {
            "kind": "question",
            "conversation": "c1",
            "id": "q1",
            "text": "What colour is Ana's key?",
            "subject": "Ana",
            "evidence": ["m1"],
            "category": "colours",
            "answerable": True,
        },
    ]
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))

    dialogue = read_dataset(path, form="jsonl")[0]

    assert (dialogue.name, dialogue.participants) == ("c1", ["Ana"])
    assert dialogue.questions[0].category == "colours"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"kind": "message"}', "line 1"),
        ('{"kind": "message", "conversation": "c", "id": "m", "participant": "", "role": "user",'
         ' "created_at": "2024-01-01T00:00:00Z", "content": "x"}', "participant"),
        ("no json", "line 1"),
    ],
)  # fmt: skip
def test_a_bad_line_is_told_by_its_number(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(content)

    with pytest.raises(DatasetUnreadable, match=told):
        read_dataset(path, form="jsonl")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetUnreadable, match="No such file"):
        read_dataset(tmp_path / "none.json", form="locomo")


def test_filler_is_read_from_packed_files_without_blank_messages(tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl.gz"
    entries = [
        {"participant": "x", "role": "user", "created_at": "2024-01-01T00:00:00Z", "content": text}
        for text in ("one", " ", "two", "three")
    ]
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(entry) + "\n" for entry in entries)

    assert [message.content for message in read_messages(path, first=2)] == ["one", "two"]
