"""Batches of an outbox have as many words as its backend takes."""

from pathlib import Path

import httpx

from retrieval.wire import SENT_WORDS, AppendMessages, Problem, counted_words
from tests.support.builders import message
from tests.support.fake_backend import FakeBackend
from tests.support.outboxes import opened_outbox


def _words(body: bytes) -> int:
    messages = AppendMessages.model_validate_json(body).messages
    return sum(counted_words(one.content) for one in messages)


class _Counting:
    """Refuses more than `most` words at a time, unless they are of one message."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.refused = 0

    def refuse(self, _: str, target: str, body: bytes) -> httpx.Response | None:
        if not target.endswith("/messages") or _words(body) <= self._most:
            return None
        if len(AppendMessages.model_validate_json(body).messages) == 1:
            return None
        self.refused += 1
        problem = Problem(title="Too large", status=413, detail="fewer at a time")
        return httpx.Response(413, content=problem.model_dump_json())


async def test_a_batch_has_no_more_words_than_a_backend_takes(tmp_path: Path) -> None:
    backend = FakeBackend()
    limit = _Counting(SENT_WORDS)
    backend.refuse = limit.refuse
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n, "some words " * 900) for n in range(60)])
        assert await outbox.drain(20)

    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(60)]
    assert limit.refused == 0


async def test_a_lower_limit_is_learnt_from_its_refusals(tmp_path: Path) -> None:
    backend = FakeBackend()
    limit = _Counting(3_000)
    backend.refuse = limit.refuse
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(*[message(n, "some words " * 250) for n in range(120)])
        assert await outbox.drain(20)
        assert await outbox.dead_letters() == []

    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(120)]
    assert limit.refused <= 5


async def test_a_single_message_above_the_limit_is_sent_alone(tmp_path: Path) -> None:
    backend = FakeBackend()
    limit = _Counting(SENT_WORDS)
    backend.refuse = limit.refuse
    async with opened_outbox(backend, tmp_path) as outbox:
        await outbox.accept(message(0), message(1, "a " * 32_000), message(2))
        assert await outbox.drain(20)
        assert await outbox.dead_letters() == []

    assert [m.id for m in backend.stored] == ["m0", "m1", "m2"]
