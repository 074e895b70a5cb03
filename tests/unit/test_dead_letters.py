"""Dead letters are listed, shown and sent again, also while their agent runs."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from agent.outbox.files import folder
from longroom.cli import app
from longroom.client import BackendUnavailable
from longroom.dead_letters.collection import FoundLetter, find_letters
from longroom.dead_letters.resend import resend
from longroom.errors import CommandFailed
from retrieval.wire import ConversationId
from tests.support.builders import event, message, summary
from tests.support.fake_backend import FakeBackend, served
from tests.support.outboxes import opened_outbox, outbox_file


async def _refused(backend: FakeBackend, data_dir: Path, status: int = 422) -> None:
    """Leaves a message, an event and a session as dead letters."""
    backend.refuse = lambda *_: httpx.Response(status)
    async with opened_outbox(backend, data_dir) as outbox:
        await outbox.accept(message(1, "Grüße, a secret"), event(1))
        await outbox.accept_session("s", summary(ConversationId(backend.room())))
        assert await outbox.drain(5)
    backend.refuse = lambda *_: None


def _letters(data_dir: Path) -> list[FoundLetter]:
    return find_letters(data_dir, unreadable=pytest.fail)


def _run(data_dir: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["dead-letters", *arguments, "--data-dir", str(data_dir)])


async def test_they_are_listed_without_texts_and_shown_with_them(tmp_path: Path) -> None:
    backend = FakeBackend()
    await _refused(backend, tmp_path)
    listed = _run(tmp_path, "list")
    assert listed.exit_code == 0
    short = str(backend.room())[:8]
    assert [line.split()[0] for line in listed.stdout.splitlines()] == [
        f"{short}/{n}" for n in (1, 2, 3)
    ]
    assert "m1" in listed.stdout
    assert "422" in listed.stdout
    assert "a secret" not in listed.stdout
    as_json = json.loads(_run(tmp_path, "list", "--json").stdout)
    assert [each["kind"] for each in as_json] == ["message", "event", "session"]
    shown = _run(tmp_path, "show", f"{short}/1", f"{backend.room()}/2")
    first, second = map(json.loads, shown.stdout.splitlines())
    assert first["content"]["content"] == "Grüße, a secret"
    assert second["id"] == "e1"


@pytest.mark.parametrize("arguments", [("show", "abc/1"), ("resend",), ("resend", "x/1", "--all")])
async def test_keys_that_are_wrong_are_told(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    await _refused(FakeBackend(), tmp_path)
    done = _run(tmp_path, *arguments)
    assert done.exit_code != 0
    said = done.stderr + str(done.exception)
    assert "dead letter" in said


async def test_what_the_backend_takes_now_is_removed(tmp_path: Path) -> None:
    backend = FakeBackend()
    await _refused(backend, tmp_path)
    async with served(backend) as url:
        done = await asyncio.to_thread(_run, tmp_path, "resend", "--all", "--backend", url)
    assert done.exit_code == 0, done.stderr
    assert "3 resent, 0 kept" in done.stderr
    assert [m.content for m in backend.stored] == ["Grüße, a secret"]
    assert [e.id for e in backend.recorded] == ["e1"]
    assert list(backend.sessions) == ["s"]
    assert list(folder(tmp_path).iterdir()) == []


async def test_a_running_agents_letters_are_sent_without_it_noticing(tmp_path: Path) -> None:
    backend = FakeBackend()
    await _refused(backend, tmp_path)
    client = backend.client()
    async with opened_outbox(backend, tmp_path) as outbox:
        backend.down = True
        await outbox.accept(message(2))
        assert len(_letters(tmp_path)) == 3
        backend.down = False
        resent = await resend(client, _letters(tmp_path)[:2])
        assert [found.letter.entry.id for found in resent.sent] == ["m1", "e1"]
        await outbox.accept(message(3))
        assert await outbox.drain(5)
        assert [id_ for id_, _ in await outbox.dead_letters()] == ["s"]
    await client.aclose()
    assert {m.id for m in backend.stored} == {"m1", "m2", "m3"}


async def test_a_key_that_is_refused_is_told_once_and_every_letter_stays(tmp_path: Path) -> None:
    backend = FakeBackend()
    await _refused(backend, tmp_path)
    backend.refuse = lambda *_: httpx.Response(401)
    async with served(backend) as url:
        done = await asyncio.to_thread(_run, tmp_path, "resend", "--all", "--backend", url)
    assert isinstance(done.exception, CommandFailed)
    assert "set BACKEND_SERVICE_KEY (or --service-key)" in str(done.exception)
    assert len(_letters(tmp_path)) == 3


async def test_what_is_refused_again_stays_with_the_new_reason(tmp_path: Path) -> None:
    backend = FakeBackend()
    await _refused(backend, tmp_path)
    backend.refuse = lambda _, target, __: (
        httpx.Response(413) if target.endswith("/events") else None
    )
    async with served(backend) as url:
        done = await asyncio.to_thread(_run, tmp_path, "resend", "--all", "--backend", url)
    assert done.exit_code == 1
    assert "2 resent, 1 kept" in done.stderr
    assert "413" in done.stdout
    assert [found.letter.entry.id for found in _letters(tmp_path)] == ["e1"]


async def test_a_backend_that_is_down_removes_none(tmp_path: Path) -> None:
    backend = FakeBackend()
    await _refused(backend, tmp_path)
    backend.down = True
    client = backend.client()
    with pytest.raises(BackendUnavailable):
        await resend(client, _letters(tmp_path))
    await client.aclose()
    assert len(_letters(tmp_path)) == 3


async def test_a_taken_id_is_sent_under_another_one_once(tmp_path: Path) -> None:
    backend = FakeBackend()
    client = backend.client()
    await client.append_messages(backend.room(), [message(1, "the first content")])
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1, "the second content"))
        assert await outbox.drain(5)
    letters = _letters(tmp_path)
    kept = (await resend(client, letters)).kept
    assert "409" in kept[0][1]
    assert len((await resend(client, letters, with_new_ids=True)).sent) == 1
    assert len((await resend(client, letters, with_new_ids=True)).sent) == 1
    await client.aclose()
    assert [m.content for m in backend.stored] == ["the first content", "the second content"]


async def test_receipts_of_an_erased_conversation_are_not_sent(tmp_path: Path) -> None:
    backend = FakeBackend()
    await _refused(backend, tmp_path, status=410)
    client = backend.client()
    resent = await resend(client, _letters(tmp_path))
    await client.aclose()
    assert [reason for _, reason in resent.kept] == [
        "its text was deleted when the conversation was erased"
    ] * 3
    assert backend.stored == []
    assert b"a secret" not in b"".join(path.read_bytes() for path in folder(tmp_path).iterdir())


async def test_a_file_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    backend, other = FakeBackend(), FakeBackend()
    await _refused(backend, tmp_path)
    outbox_file(tmp_path, other).write_bytes(b"no database at all " * 200)
    listed = _run(tmp_path, "list")
    assert listed.exit_code == 0
    assert len(listed.stdout.splitlines()) == 3
    assert str(other.room()) in listed.stderr


async def test_a_resent_letter_whose_elders_still_wait_is_no_loss(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend()
    client = backend.client()
    backend.refuse = lambda _, __, body: httpx.Response(
        503 if b"m3" not in body else 409, json=_conflict("m3")
    )
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n) for n in range(1, 6)])
        async with asyncio.timeout(5):
            while not await outbox.dead_letters():  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)
    backend.refuse = lambda *_: None
    assert len((await resend(client, _letters(tmp_path))).sent) == 1
    async with opened_outbox(backend, tmp_path) as outbox:
        assert await outbox.drain(5)
    await client.aclose()
    assert [m.id for m in backend.stored] == ["m3", "m1", "m2", "m4", "m5"]
    assert "damaged" not in caplog.text


def _conflict(id_: str) -> dict[str, object]:
    return {"title": "Conflict", "status": 409, "detail": "taken", "ids": [id_]}


async def test_letters_of_the_older_format_are_listed(tmp_path: Path) -> None:
    backend = FakeBackend()
    path = outbox_file(tmp_path, backend)
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(
            "CREATE TABLE dead_letter (position INTEGER PRIMARY KEY, stream, id, body,"
            " accepted_at, reason, set_aside_at); PRAGMA user_version = 1;"
        )
        row = ("message", "m1", message(1).model_dump_json(), "then", "refused", "later")
        db.execute("INSERT INTO dead_letter VALUES (1, ?, ?, ?, ?, ?, ?)", row)
    assert [found.letter.entry.id for found in _letters(tmp_path)] == ["m1"]
