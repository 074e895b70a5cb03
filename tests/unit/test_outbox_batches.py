"""Batches of an outbox are as large as its backend takes: in words, and in the time it has."""

from pathlib import Path

import httpx
import pytest

from agent.outbox.pace import LONGEST_S, Pace
from agent.outbox.storage.entry import Entry
from retrieval.wire import SENT_WORDS, AppendMessages, Problem, counted_words
from tests.support.builders import message
from tests.support.fake_backend import FakeBackend
from tests.support.outboxes import opened_outbox

ENTRY = Entry("message", "m1", "{}")


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


async def test_a_backend_that_takes_no_whole_batch_in_time_gets_smaller_ones(
    tmp_path: Path,
) -> None:
    backend = FakeBackend()
    backend.append_s_per_message = 0.01
    async with opened_outbox(backend, tmp_path, timeout_s=0.3) as outbox:
        await outbox.accept(*[message(n) for n in range(100)])
        assert await outbox.drain(60)
        smallest = min(map(len, backend.appended_batches))
        backend.append_s_per_message = 0.0
        await outbox.accept(*[message(n) for n in range(100, 500)])
        assert await outbox.drain(60)

    assert [m.id for m in backend.stored] == [f"m{n}" for n in range(500)]
    assert smallest < 50
    assert len(backend.appended_batches[-2]) == 100, "it recovers"


async def test_a_message_that_takes_long_by_itself_is_given_the_time(tmp_path: Path) -> None:
    backend = FakeBackend()
    backend.append_s_per_message = 0.4
    async with opened_outbox(backend, tmp_path, timeout_s=0.1) as outbox:
        await outbox.accept(message(1), message(2))
        assert await outbox.drain(60)

    assert [m.id for m in backend.stored] == ["m1", "m2"]


@pytest.mark.parametrize("timeout_s", [5.0, 60.0])
def test_the_time_for_a_message_is_bounded_and_never_less_than_was_set(timeout_s: float) -> None:
    pace = Pace(100, timeout_s=timeout_s)
    for _ in range(20):
        pace.failed([ENTRY], after_s=pace.timeout_s)
    assert (pace.entries, pace.timeout_s) == (1, max(LONGEST_S, timeout_s))
    pace.taken()
    assert (pace.entries, pace.timeout_s) == (2, timeout_s)


@pytest.mark.parametrize(("after_s", "entries"), [(0.01, 100), (2.0, 50), (5.0, 50)])
def test_a_backend_that_is_away_is_no_reason_for_smaller_batches(
    after_s: float, entries: int
) -> None:
    pace = Pace(100, timeout_s=5)
    pace.failed([ENTRY] * 100, after_s=after_s)
    assert (pace.entries, pace.timeout_s) == (entries, 5)
