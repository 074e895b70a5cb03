"""What is exported with the real command is imported into another backend, and nothing is lost."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from testbed.backend_process import running_backend
from testbed.postgres import Server, create_database, drop_database
from tests.support import full_conversation
from tests.support.command_line import CommandLine


@pytest.fixture(scope="module")
def backends(
    postgres: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[CommandLine, CommandLine]]:
    """Two, each with a database of its own; each test uses keys of its own."""
    with ExitStack() as stack:
        yield (
            _backend(postgres, stack, tmp_path_factory.mktemp("first")),
            _backend(postgres, stack, tmp_path_factory.mktemp("second")),
        )


def _backend(postgres: Server, stack: ExitStack, folder: Path) -> CommandLine:
    name = asyncio.run(create_database(postgres))
    stack.callback(lambda: asyncio.run(drop_database(postgres.url, name)))
    env = {"DATABASE_URL": postgres.database_url(name), "BACKEND_KEEP_EDITS": "true"}
    url = stack.enter_context(running_backend(env, "--no-embedding-worker", forked=True))
    return CommandLine(folder, {"BACKEND_URL": url})


@pytest.fixture
def key() -> str:
    return f"customer {uuid4().hex[:8]}"


async def filled(command: CommandLine, key: str, **counts: int) -> str:
    root = f"{command.environment['BACKEND_URL']}/api/v1"
    async with httpx.AsyncClient(base_url=root, timeout=60) as api:
        return await full_conversation.fill(api, key=key, **counts)


def exported(command: CommandLine, path: Path, *arguments: str) -> list[dict[str, Any]]:
    done = command.run("export", *arguments, "-o", str(path))
    assert done.returncode == 0, done.stderr
    lines: list[dict[str, Any]] = [json.loads(line) for line in path.read_bytes().splitlines()]
    return lines


def without_id(path: Path) -> bytes:
    """What must differ between two databases: the conversation's id, in the first line."""
    first, rest = path.read_bytes().split(b"\n", 1)
    header = json.loads(first)
    header["conversation"].pop("conversation_id")
    return json.dumps(header).encode() + rest


async def test_a_conversation_is_the_same_after_its_export_was_imported_elsewhere(
    backends: tuple[CommandLine, CommandLine], key: str, tmp_path: Path
) -> None:
    first, second = backends
    await filled(first, key, messages=3_000)
    one, two, three = (tmp_path / f"{n}.jsonl" for n in range(3))
    lines = exported(first, one, "--conversation", key)
    assert lines[0]["conversation"]["language"] == "german"
    counts = {"conversations": 1, "rooms": 3, "messages": 3_004, "edits": 4}
    assert lines[-1] == {"end": counts | {"events": 300, "sessions": 40}}
    corrected = [line for line in lines if "edited_at" in line]
    assert [line["id"] for line in corrected] == ["m2", "m5", "m7"]
    edits = [line["edit"] for line in lines if "edit" in line]
    assert [each["message_id"] for each in edits] == ["m2", "m2", "m5", "m7"]
    assert edits[1]["content"] == "corrected"
    late = [line for line in lines if "epoch" in line]
    assert {(line["id"], line["epoch"]) for line in late} >= {("late 100000", 1)}
    assert any(line["id"].endswith(".late") for line in late)

    done = second.run("import", str(one))
    assert done.returncode == 0, done.stderr
    assert "3,004 messages stored in 1 conversation" in done.stdout
    assert "300 events and 40 sessions recorded" in done.stdout
    exported(second, two, "--conversation", key)
    assert without_id(two) == without_id(one)

    for file in (one, two):
        again = second.run("import", str(file))
        assert again.returncode == 0, again.stderr
        assert "0 messages stored" in again.stdout
        assert "3,004 were already there" in again.stdout
        assert "recorded" not in again.stdout
    exported(second, three, "--conversation", key)
    assert three.read_bytes() == two.read_bytes()


async def test_an_import_into_the_same_backend_under_another_key_is_a_copy(
    backends: tuple[CommandLine, CommandLine], key: str, tmp_path: Path
) -> None:
    command, _ = backends
    await filled(command, key, messages=50, events=100, sessions=3)
    original = exported(command, tmp_path / "original.jsonl", "--conversation", key)
    done = command.run("import", str(tmp_path / "original.jsonl"), "--conversation", f"{key} copy")
    assert done.returncode == 0, done.stderr
    copy = exported(command, tmp_path / "copy.jsonl", "--conversation", f"{key} copy")
    rooms = [line for line in original if "room" in line and "id" not in line]
    assert len(rooms) == 3  # each keeps its conversation
    assert copy[1:-1] == [line for line in original[1:-1] if line not in rooms]


async def test_an_export_that_was_cut_in_the_middle_is_told_and_the_rest_added_later(
    backends: tuple[CommandLine, CommandLine], key: str, tmp_path: Path
) -> None:
    first, second = backends
    await filled(first, key, messages=200, events=100, sessions=4)
    whole, cut, back = (tmp_path / name for name in ("whole.jsonl", "cut.jsonl", "back.jsonl"))
    exported(first, whole, "--conversation", key)
    lines = whole.read_bytes().splitlines(keepends=True)
    cut.write_bytes(b"".join(lines[:150]) + lines[150][:20])
    done = second.run("import", str(cut))
    assert done.returncode == 1
    assert "line 151: not JSON" in done.stderr
    assert "the export has no end" in done.stderr
    done = second.run("import", str(whole))
    assert done.returncode == 0, done.stderr
    exported(second, back, "--conversation", key)
    assert without_id(back) == without_id(whole)


async def test_a_killed_import_of_an_export_goes_on_in_its_conversation(
    backends: tuple[CommandLine, CommandLine], key: str, tmp_path: Path
) -> None:
    first, second = backends
    await filled(first, key, messages=3_000, events=100, sessions=4)
    whole, back, output = tmp_path / "whole.jsonl", tmp_path / "back.jsonl", tmp_path / "out.txt"
    exported(first, whole, "--conversation", key)
    positions = second.data_dir / "imports"
    with second.start("import", str(whole), output=output) as importing:
        deadline = time.monotonic() + 60
        while not list(positions.glob("*.json")):
            assert importing.poll() is None, output.read_text()
            assert time.monotonic() < deadline
            await asyncio.sleep(0.005)
        importing.kill()
    done = second.run("import", str(whole))
    assert done.returncode == 0, done.stderr
    assert "lines were done by an earlier import" in done.stdout
    exported(second, back, "--conversation", key)
    assert without_id(back) == without_id(whole)


async def test_a_person_is_exported_from_every_conversation_and_imported_again(
    backends: tuple[CommandLine, CommandLine], key: str, tmp_path: Path
) -> None:
    first, second = backends
    person = f"Ana Ruiz {key}"
    for name in (key, f"{key} 2"):
        await filled(first, name, messages=20, events=100, sessions=4)
    root = f"{first.environment['BACKEND_URL']}/api/v1"
    async with httpx.AsyncClient(base_url=root) as api:
        for place, name in enumerate((key, f"{key} 2", f"{key} 3")):
            created = await api.post("/conversations", json={"key": name})
            path = f"/conversations/{created.json()['conversation_id']}"
            if place < 2:
                said = [full_conversation.message(n) for n in (900 + place, 950)]
                said = [{**each, "id": f"own {n}"} for n, each in enumerate(said)]
                body = {"messages": [said[0] | {"participant": person}, said[1]]}
                assert (await api.post(f"{path}/messages", json=body)).is_success
            events = [full_conversation.event(n) | {"participant": person} for n in (700, 701)]
            assert (await api.post(f"{path}/events", json={"events": events})).is_success
            summary = full_conversation.session(7) | {
                "conversation_id": created.json()["conversation_id"],
                "participants": ["a secret other", person],
            }
            assert (await api.put(f"/sessions/of%20{place}", json=summary)).is_success
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    lines = exported(first, one, "--participant", person)
    headers = [line["conversation"] for line in lines if "conversation" in line]
    assert {header["key"] for header in headers} == {key, f"{key} 2", f"{key} 3"}
    assert {header["participant"] for header in headers} == {person}
    counts = {"conversations": 3, "rooms": 0, "messages": 2, "edits": 0}
    assert lines[-1] == {"end": counts | {"events": 6, "sessions": 3}}
    said = [line for line in lines if "content" in line]
    assert {line["participant"] for line in said} == {person}
    assert b"a secret other" not in one.read_bytes()

    done = second.run("import", str(one))
    assert done.returncode == 0, done.stderr
    assert "2 messages stored in 3 conversations" in done.stdout
    back = exported(second, two, "--participant", person)

    def kept(found: list[dict[str, Any]]) -> list[str]:
        records = [line for line in found if "conversation" not in line]
        return sorted(json.dumps({**line, "seq": 0}) for line in records)

    assert kept(back) == kept(lines)
    refused = second.run("import", str(one), "--room", "one of them")
    assert refused.returncode == 2
    assert "several conversations; leave out --room" in refused.stderr


async def test_what_was_erased_is_in_no_export_and_no_older_one_brings_it_back(
    backends: tuple[CommandLine, CommandLine], key: str, tmp_path: Path
) -> None:
    command, _ = backends
    conversation_id = await filled(command, key, messages=40, events=100, sessions=4)
    older, newer, copy = (tmp_path / f"{name}.jsonl" for name in ("older", "newer", "copy"))
    lines = exported(command, older, "--conversation", key)
    root = f"{command.environment['BACKEND_URL']}/api/v1/conversations/{conversation_id}"
    erased = "Ana Ruiz"
    async with httpx.AsyncClient(timeout=60) as api:
        assert (await api.delete(f"{root}/messages/m1")).is_success
        assert (await api.delete(f"{root}/participants/{erased}")).is_success
        corrected = await api.patch(f"{root}/messages/m2", json={"content": "corrected since"})
        assert corrected.is_success, corrected.text

    def gone(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [line for line in found if line.get("id") == "m1" or erased in json.dumps(line)]

    assert gone(lines)
    assert gone(exported(command, newer, "--conversation", key)) == []
    count = sum(line.get("id") == "m1" or line.get("participant") == erased for line in lines)
    for target, file in (((), newer), (("--conversation", f"{key} copy"), copy)):
        done = command.run("import", str(older), *target)
        assert done.returncode == 0, done.stderr
        assert f"{count} were erased and stay so" in done.stdout
        before = newer.read_bytes()
        name = target[-1] if target else key
        found = exported(command, file, "--conversation", name)
        assert gone(found) == []
        if not target:
            assert file.read_bytes() == before
            assert any(line.get("content") == "corrected since" for line in found)

    async with httpx.AsyncClient(timeout=60) as api:
        assert (await api.delete(root)).is_success
    for target in ((), ("--conversation", f"{key} again")):
        done = command.run("import", str(older), *target)
        assert done.returncode == 1
        assert "erased" in done.stderr


async def test_a_person_of_whom_nothing_is_stored_has_an_export_that_says_so(
    backends: tuple[CommandLine, CommandLine], tmp_path: Path
) -> None:
    command, _ = backends
    [end] = exported(command, tmp_path / "nobody.jsonl", "--participant", "nobody at all")
    assert set(end["end"].values()) == {0}
    both = command.run("export", "--participant", "x", "--room", "y")
    assert both.returncode == 2
    assert "leave out --room" in both.stderr


def test_a_file_that_names_no_conversation_needs_a_name(
    backends: tuple[CommandLine, CommandLine],
) -> None:
    line = '{"participant": "a", "role": "user", "created_at": "2026-01-01T00:00:00Z"'
    done = backends[0].run("import", "-", text=line + ', "content": "hi"}\n')
    assert done.returncode == 2
    assert "name it with --room or --conversation" in done.stderr
