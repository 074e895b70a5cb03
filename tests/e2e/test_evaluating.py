"""`longroom evaluate` as a process: bad evidence, figures, and what missed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.cluster_folder import cluster_folder
from tests.support.command_line import CommandLine

FRUIT = "Bananas keep best in the cool pantry."


@pytest.fixture(scope="module")
def command_line() -> Iterator[CommandLine]:
    with cluster_folder() as folder:
        yield CommandLine(folder)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Of 15 lines with messages, and two questions: the second is labelled badly."""
    codes = [f"The gate code of house number {n} is {7000 + n}." for n in range(14)]
    said = [_message(f"m{n}", content) for n, content in enumerate([*codes, FRUIT])]
    path = tmp_path / "set.jsonl"
    asked = [
        {"text": "Where do bananas keep best?", "evidence": ["m14"]},
        {"text": "What is the gate code of the house?", "evidence": ["m14", "gone"]},
    ]
    lines = [*said, *({"kind": "question", "conversation": "c", **each} for each in asked)]
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def _message(id_: str, content: str) -> dict[str, Any]:
    return {
        "kind": "message",
        "conversation": "c",
        "id": id_,
        "participant": "ana",
        "role": "user",
        "created_at": "2025-03-01T12:00:00Z",
        "content": content,
    }


def test_bad_evidence_comes_first_and_misses_are_listed_with_what_came_instead(
    command_line: CommandLine, dataset: Path
) -> None:
    done = command_line.run("evaluate", str(dataset), "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == (
        f"longroom: {dataset}, line 17, evidence[1]: conversation 'c' has no message 'gone'"
        " with a text"
    )
    figures, _, misses = done.stdout.partition("1 of 2 questions have evidence that is not among")
    assert "R@10" in figures
    assert "line 17, conversation c: What is the gate code of the house?" in misses
    assert f"m14  ana: {FRUIT}" in misses
    assert "-  gone  (not in the data set)" in misses
    assert misses.count("  instead ") == 3
    assert "ana: The gate code of house number" in misses
    assert "Where do bananas" not in misses

    done = command_line.run("evaluate", str(dataset), "--format", "jsonl", "--json")
    (miss,) = json.loads(done.stdout)["misses"]
    assert (miss["place"], miss["evidence"]["gone"]) == ("line 17", None)
    assert "gate code" not in done.stdout
    assert "bananas" not in done.stdout.lower()


def test_of_very_much_bad_evidence_the_rest_is_counted_unless_all_is_wanted(
    command_line: CommandLine, dataset: Path
) -> None:
    bad = {"kind": "question", "conversation": "c", "text": "Which code?"}
    bad["evidence"] = [f"gone-{n}" for n in range(30)]  # type: ignore[assignment]
    dataset.write_text(dataset.read_text() + "\n" + json.dumps(bad))
    done = command_line.run("evaluate", str(dataset), "--format", "jsonl")
    assert done.stderr.count("has no message 'gone") == 20
    assert "… and 11 more such ids (--all-misses shows all)" in done.stderr
    done = command_line.run("evaluate", str(dataset), "--format", "jsonl", "--all-misses")
    assert done.stderr.count("has no message 'gone") == 31
