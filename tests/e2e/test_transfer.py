"""Importing and exporting rooms with the real command against a real backend."""

import gzip
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import orjson
import pytest

from testbed.backend_process import running_backend
from tests.support.command_line import CommandLine

START = datetime(2025, 3, 1, 9, 0, 0, 500_000, tzinfo=timezone(timedelta(hours=2)))
BAD_LINES = {
    3: b"{this is no JSON",
    5: b'{"participant": "Hal", "role": "user", "content": "When was that?"}',
    8: b'{"participant": "Hal", "role": "user", "content": "x", "created_at": "2025-01-01T10:00"}',
    11: b'{"participant": "Hal", "role": "boss", "content": "x", "created_at": "2025-01-01T1Z"}',
}


@pytest.fixture(scope="module")
def command_line() -> Iterator[CommandLine]:
    """One backend for the file; each test uses other rooms."""
    # Not in pytest's own folder: each run closes that one to PostgreSQL's user again.
    with (
        tempfile.TemporaryDirectory(prefix="longroom-transfer-") as folder,
        running_backend({"LONGROOM_DATA_DIR": folder}, "--no-embedding-worker") as url,
    ):
        yield CommandLine(Path(folder), {"BACKEND_URL": url})


def lines(count: int) -> list[bytes]:
    return [
        orjson.dumps(
            {
                "participant": ("Hal", "Wren", "longroom")[number % 3],
                "role": ("user", "user", "assistant")[number % 3],
                "created_at": START + timedelta(seconds=number),
                "content": f"Message {number}: “grüße” \n\t\\ 🪴",
            }
        )
        for number in range(1, count + 1)
    ]


def exported(command_line: CommandLine, room: str, path: Path) -> list[dict[str, str]]:
    done = command_line.run("export", "--room", room, "-o", str(path))
    assert done.returncode == 0, done.stderr
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_a_room_survives_the_round_trip_and_bad_lines_take_nothing_along(
    command_line: CommandLine, tmp_path: Path
) -> None:
    raw = lines(20)
    for number, bad in BAD_LINES.items():
        raw.insert(number - 1, bad)
    path = tmp_path / "room.jsonl"
    path.write_bytes(b"\n".join(raw))
    done = command_line.run("import", str(path), "--room", "first")
    assert done.returncode == 1
    assert "20 messages stored" in done.stdout
    assert "4 lines rejected" in done.stdout
    assert "line 8: created_at: has no time zone" in done.stderr
    report = (tmp_path / "room.jsonl.rejected.jsonl").read_bytes().splitlines()
    rejected = {each["line"]: each["text"].encode() for each in map(orjson.loads, report)}
    assert rejected == BAD_LINES

    first = exported(command_line, "first", tmp_path / "first.jsonl")
    assert [message["content"] for message in first] == [
        orjson.loads(line)["content"] for line in lines(20)
    ]
    assert (
        command_line.run("import", str(tmp_path / "first.jsonl"), "--room", "second").returncode
        == 0
    )
    exported(command_line, "second", tmp_path / "second.jsonl")
    assert (tmp_path / "second.jsonl").read_bytes() == (tmp_path / "first.jsonl").read_bytes()


def test_importing_a_file_twice_changes_nothing(command_line: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join(lines(30))))
    first = command_line.run("import", str(path), "--room", "twice")
    again = command_line.run("import", str(path), "--room", "twice")
    assert (first.returncode, again.returncode) == (0, 0)
    assert "0 messages stored" in again.stdout
    assert "30 were already there" in again.stdout
    assert len(exported(command_line, "twice", tmp_path / "out.jsonl")) == 30


def test_standard_input_is_imported_and_standard_output_exported(
    command_line: CommandLine,
) -> None:
    text = b"\n".join(lines(5)).decode()
    done = command_line.run("import", "-", "--room", "piped", text=text + "\nbroken\n")
    assert done.returncode == 1
    assert "line 6: not JSON" in done.stderr
    out = command_line.run("export", "--room", "piped")
    assert out.returncode == 0
    assert len(out.stdout.splitlines()) == 5


def test_a_killed_import_goes_on_where_it_stopped(
    command_line: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"\n".join(lines(6000)))
    positions = command_line.data_dir / "imports"
    output = tmp_path / "output.txt"
    arguments = ("import", str(path), "--room", "long")
    with command_line.start(*arguments, output=output) as importing:
        deadline = time.monotonic() + 60
        while not list(positions.glob("*.json")):
            assert importing.poll() is None, output.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.005)
        importing.kill()
    again = command_line.run(*arguments)
    assert again.returncode == 0, again.stderr
    assert "lines were done by an earlier import" in again.stdout
    assert not list(positions.glob("*.json"))
    contents = [each["content"] for each in exported(command_line, "long", tmp_path / "out.jsonl")]
    assert contents == [orjson.loads(line)["content"] for line in lines(6000)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "--room", "nobody was here"), "there was no room 'nobody was here'"),
        (("import", "nothing.jsonl", "--room", "x"), "cannot read nothing.jsonl"),
    ],
)
def test_what_is_not_there_is_told_in_one_line(
    command_line: CommandLine, arguments: tuple[str, ...], said: str
) -> None:
    done = command_line.run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("longroom: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
