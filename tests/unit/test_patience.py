import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from agent.conversation.answering.patience import Patience, Silent, while_patient


async def words(*pauses_s: float) -> AsyncIterator[int]:
    for number, pause_s in enumerate(pauses_s):
        await asyncio.sleep(pause_s)
        yield number


async def heard(items: AsyncIterator[int], others_wait: asyncio.Event | None) -> list[int]:
    async with aclosing(while_patient(items, others_wait, limit_s=0.1)) as patient:
        return [item async for item in patient]


def set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@pytest.mark.parametrize("others_wait", [None, asyncio.Event()])
async def test_who_is_alone_waits_as_long_as_it_takes(others_wait: asyncio.Event | None) -> None:
    assert await heard(words(0.3, 0.2), others_wait) == [0, 1]


async def test_what_goes_on_is_not_cut_however_long_it_is() -> None:
    assert await heard(words(*[0.02] * 20), set_event()) == list(range(20))


@pytest.mark.parametrize("pauses_s", [(60.0,), (0.0, 0.01, 60.0)])
async def test_a_silence_ends_when_others_wait(pauses_s: tuple[float, ...]) -> None:
    with pytest.raises(Silent):
        await heard(words(*pauses_s), set_event())


async def test_a_silence_ends_when_others_come_later() -> None:
    others_wait = asyncio.Event()
    asyncio.get_running_loop().call_later(0.2, others_wait.set)
    with pytest.raises(Silent):
        await heard(words(60), others_wait)


async def test_what_is_not_asked_for_is_no_silence() -> None:
    items = while_patient(words(0, 0, 0), set_event(), limit_s=0.1)
    async with aclosing(items):
        async for _ in items:
            await asyncio.sleep(0.3)  # as when an answer is spoken


async def test_a_time_out_of_the_source_is_its_own() -> None:
    async def fails() -> AsyncIterator[int]:
        raise TimeoutError
        yield 0

    with pytest.raises(TimeoutError):
        await heard(fails(), set_event())


def test_patience_grows_with_each_silence_and_with_what_is_usual() -> None:
    patience = Patience(10)
    assert [patience.limit_s(silences) for silences in range(3)] == [10, 20, 40]
    patience.first_word_after(25)
    assert patience.limit_s(0) == 50
    for _ in range(50):
        patience.first_word_after(0.1)
    assert patience.limit_s(0) == 10
