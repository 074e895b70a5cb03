"""Background tasks: they outlive every failure, say so, and end when they are told to."""

import asyncio
import logging

import asyncpg
import pytest

from backend_stub import background
from backend_stub.background import BackgroundTask, stop


class Work:
    """Fails as it is told, then waits until it is cancelled, or returns."""

    def __init__(self, *failures: Exception, returns: bool = False) -> None:
        self._failures = list(failures)
        self._returns = returns
        self.begun = 0
        self.waits = asyncio.Event()

    async def run(self) -> None:
        self.begun += 1
        if self._failures:
            raise self._failures.pop(0)
        self.waits.set()
        if not self._returns:
            await asyncio.Event().wait()


class ErrorInPlaceOfCancellation(Work):
    """As when a clean-up calls a connection that its pool took back."""

    async def run(self) -> None:
        try:
            await super().run()
        except asyncio.CancelledError:
            raise asyncpg.InterfaceError("the connection has been released") from None


class Deaf(Work):
    """Hears no cancellation until what it waits for is cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.cut_off = asyncio.Event()

    async def run(self) -> None:
        self.waits.set()
        while not self.cut_off.is_set():
            try:
                await self.cut_off.wait()
            except asyncio.CancelledError:
                continue


def restless(work: Work, restarts: list[str]) -> BackgroundTask:
    return BackgroundTask("work", work.run, on_restart=restarts.append, first_pause_s=0.001)


@pytest.mark.parametrize(
    "failure",
    [
        asyncpg.InternalClientError("cannot switch to state 11"),
        asyncpg.InterfaceError("connection is closed"),
        ConnectionRefusedError(),
        KeyError("a fault of ours"),
        RuntimeError("another one"),
    ],
)
async def test_it_goes_on_after_every_failure(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work(failure, failure, failure)
    restarts: list[str] = []
    task = restless(work, restarts)

    await work.waits.wait()

    assert (work.begun, restarts, task.state) == (4, ["work"] * 3, "running")
    assert all(record.levelno >= logging.WARNING for record in caplog.records)
    await stop([task], cut_off=lambda: None)
    assert task.task.done()


async def test_work_that_is_done_is_finished() -> None:
    work = Work(OSError(), returns=True)
    task = restless(work, [])
    await task.task
    assert (work.begun, task.state) == (2, "finished")


async def test_while_it_pauses_it_is_said_to_restart_and_can_be_stopped() -> None:
    failed = asyncio.Event()
    work = Work(OSError())
    task = BackgroundTask("work", work.run, on_restart=lambda _: failed.set())

    await failed.wait()

    assert task.state == "restarting"
    await stop([task], cut_off=lambda: None)
    assert (work.begun, task.task.done()) == (1, True)


async def test_an_error_that_replaces_the_cancellation_restarts_nothing() -> None:
    work = ErrorInPlaceOfCancellation()
    restarts: list[str] = []
    task = restless(work, restarts)
    await work.waits.wait()

    await stop([task], cut_off=lambda: None)

    assert (work.begun, restarts, task.task.done()) == (1, [], True)


async def test_who_does_not_hear_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "STOP_S", 0.05)
    work = Deaf()
    task = restless(work, [])
    await work.waits.wait()

    await stop([task], cut_off=work.cut_off.set)

    assert task.task.done()


async def test_who_never_ends_is_left_behind_and_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "STOP_S", 0.05)
    work = Deaf()
    task = restless(work, [])
    await work.waits.wait()

    await stop([task], cut_off=lambda: None)

    assert [record.__dict__["task"] for record in caplog.records] == ["work"]
    work.cut_off.set()
    await task.task
