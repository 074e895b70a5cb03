"""`longroom rooms`, `show` and `search` against a real backend that asks for keys."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.backend_process import BackendProcess
from tests.support.command_line import CommandLine

SERVICE_KEY = "a service key for these tests"
ROOM = "garden/ü"
SAID = (
    ("Hal", "The tin with the seeds is blue."),
    ("Wren", "We water the roses on Tuesdays.\nAnd the \x1b[31mherbs\x07 too."),
    ("Hal", "The shed is locked at night."),
)


@pytest.fixture(scope="module")
def command(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """Of a backend with one room, every message of which has its embedding."""
    folder: Path = tmp_path_factory.mktemp("reading")
    env = {"DATABASE_URL": database, "BACKEND_SERVICE_KEY": SERVICE_KEY}
    with BackendProcess(env, forked=True) as backend:
        found = CommandLine(folder, {"BACKEND_URL": backend.url(), **env})
        lines = [
            json.dumps(
                {
                    "participant": who,
                    "role": "user",
                    "content": text,
                    "created_at": f"2025-03-01T09:0{number}:00Z",
                }
            )
            for number, (who, text) in enumerate(SAID)
        ]
        done = found.run("import", "-", "--room", ROOM, text="\n".join(lines))
        assert done.returncode == 0, done.stderr
        wait_until_embedded(found)
        yield found
        backend.stop()


def wait_until_embedded(command: CommandLine) -> None:
    deadline = time.monotonic() + 40
    while result(command, "search", ROOM, "tin")["pending"]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def result(command: CommandLine, *arguments: str) -> Any:
    done = command.run(*arguments, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


def test_rooms_are_listed_with_activity_messages_and_coverage(command: CommandLine) -> None:
    (room,) = result(command, "rooms")
    done = command.run("rooms")

    assert (room["name"], room["messages"], room["coverage"]) == (ROOM, len(SAID), 1.0)
    (line,) = done.stdout.splitlines()
    assert line.split()[-3:] == ["3", "100%", ROOM]
    assert line.startswith("20")
    assert done.stderr == "1 rooms\n"


def test_the_newest_messages_are_shown_oldest_first(command: CommandLine) -> None:
    done = command.run("show", ROOM, "--limit", "2")
    told = result(command, "show", ROOM)

    assert [message["content"] for message in told] == [text for _, text in SAID]
    assert done.returncode == 0, done.stderr
    first, under, second = done.stdout.splitlines()
    assert first.endswith("  Wren:  We water the roses on Tuesdays.")
    assert under == "    And the  [31mherbs  too."
    assert second.endswith("  Hal:  The shed is locked at night.")
    assert second.startswith("2025-03-01 ")


def test_a_search_shows_hits_with_scores_and_explains_them(command: CommandLine) -> None:
    done = command.run("search", ROOM, "Which colour has the tin?", "--limit", "1")
    explained = command.run(
        "search", ROOM, "Which colour has the tin?", "--limit", "1", "--explain"
    )
    told = result(command, "search", ROOM, "Which colour has the tin?", "--explain")

    (hit,) = done.stdout.splitlines()
    assert float(hit.split()[0]) == pytest.approx(told["hits"][0]["score"], abs=0.01)
    assert hit.endswith("  Hal:  The tin with the seeds is blue.")
    same, parts = explained.stdout.splitlines()
    assert same == hit
    assert "found by" in parts
    for name, value in told["hits"][0]["parts"].items():
        assert f"{name} {value:.3f}" in parts


def test_a_room_that_is_not_there_is_named_and_not_made(command: CommandLine) -> None:
    for arguments in (("show", "gardn"), ("search", "garden", "tin")):
        done = command.run(*arguments)

        assert (done.returncode, done.stdout) == (1, "")
        assert f"there is no room '{arguments[1]}'; `longroom rooms` lists" in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert len(result(command, "rooms")) == 1


def test_a_key_that_may_not_read_is_told_which_may(command: CommandLine) -> None:
    key = command.run("keys", "create", "reader", "--scope", "agent").stdout.strip()
    limited = CommandLine(command.data_dir, {**command.env, "BACKEND_SERVICE_KEY": key})
    deadline = time.monotonic() + 20
    done = limited.run("rooms")
    while "(401)" in done.stderr and time.monotonic() < deadline:  # a new key, for a second
        done = limited.run("rooms")

    assert (done.returncode, done.stdout) == (1, "")
    assert "operator" in done.stderr
    assert key not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search", "x", " "), "query: must not be empty"),
        (("search", "x", "tin", "--limit", "101"), "'--limit': must be less than or equal to 100"),
        (("show", ""), "'ROOM': "),
        (("rooms", "--limit", "0"), "'--limit': must be greater than or equal to 1"),
    ],
)
def test_what_cannot_be_read_is_refused_before_a_backend_starts(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    command = CommandLine(tmp_path / "data")
    done = command.run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not command.data_dir.exists()
