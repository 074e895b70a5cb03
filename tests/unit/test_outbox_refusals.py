"""What each answer of the backend does to the entries that were sent."""

import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.outbox.metrics import OutboxMetrics
from retrieval.wire import ConversationId
from tests.support.builders import event, message, summary
from tests.support.fake_backend import FakeBackend
from tests.support.outboxes import opened_outbox


def _sample(metrics: OutboxMetrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"longroom_outbox_{name}", labels) or 0


@pytest.mark.parametrize("status", [401, 403, 407])
async def test_a_refused_key_waits_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(status)
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1, "a secret"), event(1))
        assert not await outbox.drain(0.05)
        assert await outbox.dead_letters() == []
        assert _sample(outbox.metrics, "failures_total", failure="credentials") > 1
        backend.refuse = lambda *_: None
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m1"]
    (told, *_) = [r for r in caplog.records if "refuses this agent's key" in r.message]
    assert told.levelno == logging.ERROR
    assert "BACKEND_SERVICE_KEY" in told.message
    assert "a secret" not in caplog.text


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 507, 301])
async def test_what_passes_by_itself_is_tried_again(tmp_path: Path, status: int) -> None:
    backend = FakeBackend()
    attempts = 0

    def refuse(*_: object) -> httpx.Response | None:
        nonlocal attempts
        attempts += 1
        return httpx.Response(status, headers={"Retry-After": "9"}) if attempts <= 3 else None

    backend.refuse = refuse
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        assert await outbox.drain(5)
        assert await outbox.dead_letters() == []
    assert [m.id for m in backend.stored] == ["m1"]
    assert attempts == 4


@pytest.mark.parametrize(("status", "keeps_text"), [(404, True), (410, False), (451, False)])
async def test_entries_of_an_erased_conversation_end_with_a_receipt(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int, keeps_text: bool
) -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(status)
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1, "a secret"), message(2), event(1))
        await outbox.accept_session("s", summary(ConversationId(backend.room())))
        assert await outbox.drain(5)
        receipts = await outbox.dead_letters()
        assert [id_ for id_, _ in receipts] == ["m1", "m2", "e1", "s"]
        assert all("gone" in reason and str(status) in reason for _, reason in receipts)
        assert _sample(outbox.metrics, "dead_letters_total", reason="erased") == 4
        texts = {letter.entry.body for letter in outbox._file.letters()}
        assert any("a secret" in text for text in texts) == keeps_text
        backend.refuse = lambda *_: None
        await outbox.accept(message(3))
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == ["m3"]
    assert "a secret" not in caplog.text


@pytest.mark.parametrize("status", [402, 405, 406, 411, 414, 415, 418, 423, 426, 431, 499])
async def test_another_refusal_ends_what_causes_it_and_nothing_else(
    tmp_path: Path, status: int
) -> None:
    """Such as a firewall's, for one message that it does not like."""
    backend = FakeBackend()

    def refuse(_: str, target: str, body: bytes) -> httpx.Response | None:
        return httpx.Response(status) if b"poison" in body else None

    backend.refuse = refuse
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n, "poison" if n == 5 else None) for n in range(9)])
        assert await outbox.drain(5)
        dead = await outbox.dead_letters()
        assert [id_ for id_, _ in dead] == ["m5"]
        assert str(status) in dead[0][1]
        assert _sample(outbox.metrics, "dead_letters_total", reason="refused") == 1
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(9) if n != 5]


async def test_of_several_session_summaries_only_the_refused_one_ends(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    backend.refuse = lambda _, target, __: httpx.Response(404) if target.endswith("/s2") else None
    async with opened_outbox(backend, tmp_path) as outbox:
        for name in ("s1", "s2", "s3"):
            await outbox.accept_session(name, summary(ConversationId(backend.room())))
        backend.down = False
        assert await outbox.drain(5)
        assert [id_ for id_, _ in await outbox.dead_letters()] == ["s2"]
    assert set(backend.sessions) == {"s1", "s3"}


def _outcome(id_: str, seq: int = 1) -> dict[str, Any]:
    return {"id": id_, "seq": seq, "status": "stored"}


WRONG_ANSWERS: dict[str, Any] = {
    "none": [],
    "one missing": [_outcome(f"m{n}") for n in range(4)],
    "one foreign": [_outcome(f"m{n}") for n in (0, 1, 2, 3, 9)],
    "reordered": [_outcome(f"m{n}") for n in (0, 1, 2, 4, 3)],
    "one twice": [_outcome(f"m{n}") for n in (0, 1, 2, 3, 4, 4)],
    "another's": [_outcome(f"x{n}") for n in range(5)],
}


@pytest.mark.parametrize("kind", WRONG_ANSWERS)
async def test_a_success_that_does_not_acknowledge_each_message_is_no_success(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(200, json={"outcomes": WRONG_ANSWERS[kind]})
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n, f"secret {n}") for n in range(5)])
        assert not await outbox.drain(0.05)
        assert await outbox.count() == 5
        assert await outbox.dead_letters() == []
        assert _sample(outbox.metrics, "failures_total", failure="protocol") > 0
        backend.refuse = lambda *_: None
        assert await outbox.drain(5)
    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(5)]
    told = [record for record in caplog.records if "breaks the wire contract" in record.message]
    assert told[0].levelno == logging.ERROR
    assert "secret" not in caplog.text


@pytest.mark.parametrize("answer", [{"recorded": 3}, {"recorded": -1}, {}, [], "<html>"])
async def test_a_success_that_recorded_other_events_is_no_success(
    tmp_path: Path, answer: Any
) -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(200, json=answer)
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(event(1), event(2))
        assert not await outbox.drain(0.05)
        backend.refuse = lambda *_: None
        assert await outbox.drain(5)
    assert [e.id for e in backend.recorded] == ["e1", "e2"]


async def test_a_page_of_a_proxy_saves_no_session(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(200, text="<html>Sign in</html>")
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept_session("s", summary(ConversationId(backend.room())))
        assert not await outbox.drain(0.05)
        backend.refuse = lambda *_: None
        assert await outbox.drain(5)
    assert list(backend.sessions) == ["s"]


async def test_dead_letters_expire(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    backend = FakeBackend()
    backend.refuse = lambda *_: httpx.Response(422)
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(1))
        assert await outbox.drain(5)
    async with opened_outbox(
        backend, tmp_path, dead_letters_expire_after=timedelta(days=1)
    ) as outbox:
        await outbox.count()
        assert len(await outbox.dead_letters()) == 1
    async with opened_outbox(backend, tmp_path, dead_letters_expire_after=timedelta(0)) as outbox:
        await outbox.count()
        assert await outbox.dead_letters() == []
        assert _sample(outbox.metrics, "dead_letters_expired_total") == 1
    assert "have expired" in caplog.text
    assert not list((tmp_path / "outbox").iterdir())


async def test_the_folder_is_counted_with_the_files_of_other_rooms(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.down = True
    other = FakeBackend()
    other.refuse = lambda *_: httpx.Response(422)
    async with opened_outbox(backend, tmp_path) as outbox, opened_outbox(other, tmp_path) as theirs:
        await outbox.accept(message(1), event(1))
        await theirs.accept(message(1))
        assert await theirs.drain(5)
        outbox.metrics.count_folder(tmp_path / "outbox")
        assert _sample(outbox.metrics, "waiting") == 2
        assert _sample(outbox.metrics, "dead_letters_kept") == 1
