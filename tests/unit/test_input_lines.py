"""The history of typed messages, and lines from a pipe or a file."""

import os
import stat
from pathlib import Path

import pytest

from longroom.chat.input_lines import MAX_HISTORY, ChatHistory, piped_lines


def newest_first(path: Path) -> list[str]:
    return list(ChatHistory(path).load_history_strings())


def test_messages_of_several_lines_are_kept_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "chat_history"
    history = ChatHistory(path)
    for text in ("first", "second\n  with two lines", "dritte Zeile: äöü 备用"):
        history.store_string(text)
    assert newest_first(path) == ["dritte Zeile: äöü 备用", "second\n  with two lines", "first"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_history_that_readline_wrote_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chat_history"
    path.write_text("What is my order number?\n/quit\n")
    assert newest_first(path) == ["/quit", "What is my order number?"]


def test_the_file_is_cut_when_it_has_grown(tmp_path: Path) -> None:
    path = tmp_path / "chat_history"
    path.write_text("".join(f"message {n}\n" for n in range(2 * MAX_HISTORY + 1)))
    assert newest_first(path)[0] == f"message {2 * MAX_HISTORY}"
    assert path.read_text().count("\n") == MAX_HISTORY
    assert len(newest_first(path)) == MAX_HISTORY


def test_a_chat_works_without_a_history(tmp_path: Path) -> None:
    history = ChatHistory(tmp_path / "no such folder" / "chat_history")
    history.store_string("forgotten")
    assert list(history.load_history_strings()) == []


@pytest.mark.parametrize("given", ["one\n\n  two  \nthr\u00e4\u00e4", ""])
async def test_lines_come_from_a_pipe_and_a_file_alike(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = ["one", "two", "thr\u00e4\u00e4"] if given else ["nothing was given"]
    path = tmp_path / "lines"
    path.write_bytes(given.encode())
    read_end, write_end = os.pipe()
    os.write(write_end, given.encode())
    os.close(write_end)
    for file in (path.open(), os.fdopen(read_end)):
        with file:
            monkeypatch.setattr("sys.stdin", file)
            assert [line async for line in piped_lines(["nothing was given"])] == expected
