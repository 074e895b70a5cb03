"""The chat without a terminal: no input, a pipe, and kill -9."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import psutil
import pytest

from longroom.demo_room import QUESTIONS, messages
from testbed.cluster_folder import cluster_folder
from tests.support.command_line import CommandLine

ORDER = "My order number is ZK-48213-Q and the parcel must go to the harbour office."
SMALL_TALK = [
    f"The {animal} next door {did} again on {day}, nothing to worry about."
    for animal in ("parrot", "tortoise", "goat", "heron")
    for did in ("sang", "escaped", "slept late")
    for day in ("Monday", "Tuesday", "Wednesday", "Friday", "Sunday")
]


@pytest.fixture(scope="module")
def command_line() -> Iterator[CommandLine]:
    """An empty data folder and no settings."""
    with cluster_folder() as folder:
        yield CommandLine(folder)


def test_without_terminal_and_input_the_demo_room_makes_its_point(
    command_line: CommandLine,
) -> None:
    done = command_line.run_interpreter("chat", "--as", "Visitor")
    assert done.returncode == 0, done.stderr
    assert "Hello! How can I help you?" in done.stdout
    assert "Welcome back" not in done.stdout
    for question in QUESTIONS[:3]:
        assert f"Visitor> {question}" in done.stdout
    for answer in ("PW-20417", "red boathouse", "within 60 days"):
        assert answer in done.stdout
    # The history, the agent's welcome, the question and its answer.
    assert f"window 12 of {len(messages()) + 3}" in done.stdout
    # How many depends on what is embedded when the question is asked; the answers do not.
    recalled = [int(count) for count in re.findall(r"recalled (\d+) of \d+", done.stdout)]
    assert len(recalled) == 3
    assert min(recalled) > 0
    assert done.stderr == ""


def test_the_demo_room_is_imported_once_and_answers_all_it_suggests(
    command_line: CommandLine,
) -> None:
    answers = ["I am allergic to hazelnuts", "power strip", "nine seconds", "200 millilitres"]
    asked = [*QUESTIONS[3:], "What is the capital of France?"]
    done = command_line.run("chat", "--as", "Visitor", text="\n".join(asked))
    assert done.returncode == 0, done.stderr
    told = done.stdout.split("Visitor> ")[1:]
    for question, answer, text in zip(asked, [*answers, "I found nothing"], told, strict=True):
        assert text.startswith(question)
        assert answer in text
    # The history, the agent's welcome, and eight questions with their answers.
    assert f"window 12 of {len(messages()) + 1 + 2 * 8}" in told[-1]


@pytest.mark.timeout(150)
def test_a_killed_chat_goes_on_and_recalls_the_order_number_after_sixty_turns(
    command_line: CommandLine, tmp_path: Path
) -> None:
    output = tmp_path / "output.txt"
    with command_line.start("chat", "--room", "harbour", "--as", "Mira", output=output) as chat:
        assert chat.stdin is not None
        chat.stdin.write("\n".join([ORDER, *SMALL_TALK]) + "\n")
        chat.stdin.flush()
        _wait_for(output, "Mira> ", times=1 + len(SMALL_TALK))
        children = psutil.Process(chat.pid).children(recursive=True)
        chat.kill()
    _gone, alive = psutil.wait_procs(children, timeout=20)
    assert not alive, "the backend outlived the chat that had started it"

    again = command_line.run(
        "chat", "--room", "harbour", "--as", "Mira", text="What is my order number?\n"
    )
    assert again.returncode == 0, again.stderr
    assert "ZK-48213-Q" in again.stdout
    exported = tmp_path / "harbour.jsonl"
    assert (
        command_line.run(
            "export", "--room", "harbour", "--include", "messages", "-o", str(exported)
        ).returncode
        == 0
    )
    said = [orjson.loads(line) for line in exported.read_bytes().splitlines()]
    mine = [message["content"] for message in said if message["participant"] == "Mira"]
    # The last line may have been read, but not accepted yet, when the kill came.
    answered = output.read_text().count("· window ")
    assert answered >= len(SMALL_TALK)
    assert mine.pop() == "What is my order number?"
    assert mine == [ORDER, *SMALL_TALK][: len(mine)]
    assert len(mine) >= answered


def _wait_for(output: Path, text: str, *, times: int) -> None:
    deadline = time.monotonic() + 90
    while output.read_text().count(text) < times:
        assert time.monotonic() < deadline, output.read_text()[-2000:]
        time.sleep(0.02)


def test_a_closed_standard_input_is_an_empty_one(command_line: CommandLine) -> None:
    done = command_line.run("chat", "--as", "Visitor", closed_input=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "PW-20417" in done.stdout
    imported = command_line.run("import", "-", "--room", "r", closed_input=True)
    assert imported.returncode == 2
    assert imported.stderr.splitlines() == ["longroom: standard input is closed; name a file"]
