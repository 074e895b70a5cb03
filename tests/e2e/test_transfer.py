"""Importing and exporting rooms with the real command against a real backend."""

import gzip
import time
from collections.abc import Iterator
from contextlib import aclosing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from agent.backend_client import BackendClient
from retrieval.wire import MessageCreate, MessageId
from testbed.backend_process import running_backend
from testbed.cluster_folder import cluster_folder
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
    with (
        cluster_folder() as folder,
        running_backend(
            {"LONGROOM_DATA_DIR": str(folder)}, "--no-embedding-worker", forked=True
        ) as url,
    ):
        yield CommandLine(folder, {"BACKEND_URL": url})


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


def exported(command_line: CommandLine, room: str, path: Path) -> list[dict[str, Any]]:
    done = command_line.run("export", "--room", room, "--include", "messages", "-o", str(path))
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
    _summary, where, *reasons = done.stdout.splitlines()
    assert where == (
        f"4 lines rejected, in {tmp_path / 'room.jsonl.rejected.jsonl'}, each with its line and"
        " reason:"
    )
    assert [reason.split(":")[0].split() for reason in reasons] == [
        ["1", "line", str(number)] for number in BAD_LINES
    ]
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
    assert "1 line rejected, kept in no file: --rejects FILE keeps" in done.stdout
    out = command_line.run("export", "--room", "piped")
    assert out.returncode == 0
    assert "5 messages exported from room 'piped'" in out.stderr
    first, *said, end = map(orjson.loads, out.stdout.splitlines())
    assert first["conversation"]["room"] == "piped"
    assert [each["seq"] for each in said] == [1, 2, 3, 4, 5]
    assert end == {
        "end": {
            "conversations": 1,
            "rooms": 0,
            "messages": 5,
            "edits": 0,
            "events": 0,
            "sessions": 0,
        }
    }


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


def test_a_later_export_stores_what_it_shares_with_an_earlier_one_once(
    command_line: CommandLine, tmp_path: Path
) -> None:
    earlier, later = tmp_path / "earlier.jsonl", tmp_path / "later.jsonl"
    known = lines(10)
    known.insert(5, known[4])  # said twice in the same moment
    earlier.write_bytes(b"\n".join(known))
    more = lines(13)
    later.write_bytes(b"\n".join([more[11], more[10], *known[2:], more[12]]))
    first = command_line.run("import", str(earlier), "--room", "overlap")
    second = command_line.run("import", str(later), "--room", "overlap")
    assert "11 messages stored" in first.stdout
    assert "3 messages stored" in second.stdout
    assert "9 were already there" in second.stdout


async def test_messages_that_an_earlier_version_imported_are_known_again(
    command_line: CommandLine, tmp_path: Path
) -> None:
    """Their ids were derived from the number of the line, too."""
    async with aclosing(BackendClient(command_line.environment["BACKEND_URL"])) as client:
        room = await client.create_room("imported before")
        said = [orjson.loads(line) for line in lines(4)]
        said[2] = said[1]
        await client.append_messages(
            room.conversation_id,
            [MessageCreate(id=MessageId(f"import-{n}"), **each) for n, each in enumerate(said)],
        )
    path = tmp_path / "room.jsonl"
    path.write_bytes(b"\n".join([*lines(6)[4:], *map(orjson.dumps, said)]))
    done = command_line.run("import", str(path), "--room", "imported before")
    assert "2 messages stored" in done.stdout
    assert "4 were already there" in done.stdout


def test_everything_of_a_message_survives_export_and_import(
    command_line: CommandLine, tmp_path: Path
) -> None:
    full: dict[str, Any] = {
        "id": "m2",
        "participant": "lookup",
        "role": "tool",
        "created_at": "2026-11-14T10:20:33.000219Z",
        "content": "Stock: 12",
        "interrupted": True,
        "reply_to": "m1",
        "metadata": {"channel": "lamps", "n": [1, 2.5, None], "o": {"é": "🪴"}},
    }
    first = full | {"id": "m1", "role": "system", "metadata": {"reply_to": 7}, "reply_to": None}
    path = tmp_path / "full.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, [first, full])))
    assert command_line.run("import", str(path), "--room", "full").returncode == 0
    written = exported(command_line, "full", tmp_path / "out.jsonl")
    reply_to = full.pop("reply_to")
    assert written[1] == full | {"seq": 2, "metadata": full["metadata"] | {"reply_to": reply_to}}
    assert written[0]["metadata"] == {"reply_to": 7}
    assert command_line.run("import", str(tmp_path / "out.jsonl"), "--room", "copy").returncode == 0
    assert exported(command_line, "copy", tmp_path / "copy.jsonl") == written


def test_the_export_of_the_api_is_imported_too(command_line: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "room.jsonl"
    path.write_bytes(b"\n".join(lines(3)))
    command_line.run("import", str(path), "--room", "by API")
    api = f"{command_line.environment['BACKEND_URL']}/api/v1"
    room = httpx.post(f"{api}/rooms", json={"name": "by API"}).json()["conversation_id"]
    answer = httpx.get(f"{api}/conversations/{room}/export")
    (tmp_path / "api.jsonl").write_bytes(answer.content)
    assert command_line.run("import", str(tmp_path / "api.jsonl"), "--room", "c").returncode == 0
    again = exported(command_line, "c", tmp_path / "c.jsonl")
    assert again == exported(command_line, "by API", tmp_path / "b.jsonl")


def test_a_chat_is_recognised_and_needs_a_time_zone(
    command_line: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("14/11/2026, 10:20 - Noor: hi\n14/11/2026, 10:21 - Shop: hello\n")
    arguments = ("import", str(path), "--room", "chat")
    refused = command_line.run(*arguments)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "--time-zone" in refused.stderr
    done = command_line.run(*arguments, "--time-zone", "Europe/Berlin", "--assistant", "Shop")
    assert done.returncode == 0, done.stderr
    assert [
        (message["created_at"], message["role"])
        for message in exported(command_line, "chat", tmp_path / "chat.jsonl")
    ] == [
        ("2026-11-14T09:20:00Z", "user"),
        ("2026-11-14T09:21:00Z", "assistant"),
    ]


def test_a_folder_is_imported_and_a_table_from_standard_input(
    command_line: CommandLine, tmp_path: Path
) -> None:
    day = tmp_path / "export" / "lamps" / "2026-11-14.json"
    day.parent.mkdir(parents=True)
    said = [{"type": "message", "user": f"U{n}", "ts": f"179465160{n}.0"} for n in range(3)]
    day.write_bytes(orjson.dumps([*({**each, "text": "hi"} for each in said), "broken"]))
    folder = command_line.run("import", str(tmp_path / "export"), "--room", "mixed")
    assert (folder.returncode, folder.stderr) == (
        1,
        "lamps/2026-11-14.json, message 4: not a JSON object\n",
    )
    again = command_line.run("import", str(tmp_path / "export"), "--room", "mixed")
    assert "3 were already there" in again.stdout
    table = "author;time;Nachricht\nNoor;2026-11-14 10:20;hi\n"
    options = ("--column", "content=Nachricht", "--time-zone", "UTC", "--assistant", "Hal")
    done = command_line.run("import", "-", "--room", "mixed", *options, text=table)
    assert (done.returncode, done.stderr) == (
        0,
        "longroom: --assistant hal: nobody in the file has this name\n",
    )
    assert len(exported(command_line, "mixed", tmp_path / "mixed.jsonl")) == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "--room", "nobody was here"), "there was no room 'nobody was here'"),
        (("import", "nothing.jsonl", "--room", "x"), "cannot read nothing.jsonl"),
        (("import", "LICENSE", "--room", "x"), "is not recognised; name it with --format"),
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


def test_a_conversation_of_a_key_is_imported_exported_and_talked_in(
    command_line: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "customer.jsonl"
    path.write_bytes(b"\n".join(lines(9)))
    done = command_line.run("import", str(path), "--conversation", "customer 17")
    assert "9 messages stored in conversation 'customer 17'" in done.stdout
    out = tmp_path / "out.jsonl"
    done = command_line.run("export", "--conversation", "customer 17", "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert len(out.read_bytes().splitlines()) == 11
    said = command_line.run("chat", "--conversation", "customer 17", "--as", "Ada", text="Hello?")
    assert said.returncode == 0, said.stderr
    assert "Conversation customer 17." in said.stdout
    command_line.run("export", "--conversation", "customer 17", "-o", str(out))
    assert b"Hello?" in out.read_bytes()
    # A room of that name is another memory, and there was none.
    missing = command_line.run("export", "--room", "customer 17")
    assert missing.returncode == 2
    assert "there was no room 'customer 17'" in missing.stderr


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ((), "name it with --room or --conversation"),
        (("--room", "a", "--conversation", "b"), "either --room or --conversation"),
    ],
)
def test_a_command_is_about_one_conversation(
    command_line: CommandLine, tmp_path: Path, names: tuple[str, ...], why: str
) -> None:
    path = tmp_path / "room.jsonl"
    path.write_bytes(b"\n".join(lines(1)))
    for command in (("import", str(path)), ("export",)):
        done = command_line.run(*command, *names)
        assert done.returncode == 2
        assert why in done.stderr
