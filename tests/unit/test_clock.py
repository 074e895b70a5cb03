"""The time with which an agent stamps what it hears, however slowly it was told."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from agent.messages import clock
from agent.messages.clock import CAUGHT_UP_WITHIN, Clock, steady_s

READ_APART = timedelta(milliseconds=50)
"""The two clocks that are compared are not read at exactly the same moment."""


def told(
    *, slowly_s: float = 0.0, read_at_share: float = 0.0, local_is_off: timedelta = timedelta()
) -> Clock:
    """In a request of `slowly_s` the backend has read its clock after that share of the time."""
    read_s_ago = slowly_s * (1 - read_at_share)
    shared_now = datetime.now(UTC) - local_is_off - timedelta(seconds=read_s_ago)
    at = steady_s()
    return Clock(shared_now, asked_at=at - slowly_s, told_at=at)


@pytest.mark.parametrize("read_at_share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("slowly_s", [0.01, 3.0, 12.0])
def test_no_clock_is_corrected_because_the_answer_was_slow(
    slowly_s: float, read_at_share: float
) -> None:
    said = datetime.now(UTC)
    told_slowly = told(slowly_s=slowly_s, read_at_share=read_at_share)
    assert (told_slowly.corrected(said), told_slowly.off) == (said, timedelta())


@pytest.mark.parametrize("read_at_share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("off_h", [-30, -0.1, 0.1, 9])
def test_a_corrected_clock_is_never_ahead_and_never_before_the_agent_came(
    off_h: float, read_at_share: float
) -> None:
    off = timedelta(hours=off_h)
    asked = datetime.now(UTC) - off - timedelta(seconds=4)
    told_slowly = told(slowly_s=4, read_at_share=read_at_share, local_is_off=off)
    shown = told_slowly.now()
    assert asked <= shown <= datetime.now(UTC) - off + READ_APART
    assert abs(told_slowly.off - off) < timedelta(minutes=3)


@pytest.mark.parametrize("off", [timedelta(), timedelta(hours=2)])
def test_a_machines_clock_that_is_set_meanwhile_moves_nothing(
    monkeypatch: pytest.MonkeyPatch, off: timedelta
) -> None:
    running = told(local_is_off=off)
    shown = [running.now()]
    for change in (timedelta(seconds=-0.9), timedelta(hours=3), timedelta(hours=-3)):
        monkeypatch.setattr(clock, "datetime", clock_set_by(change))
        shown.append(running.now() + READ_APART)
    monkeypatch.undo()
    assert shown == sorted(shown)
    assert shown[-1] <= datetime.now(UTC) - off + 2 * READ_APART


def test_a_process_stopped_between_two_readings_moves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running = told(local_is_off=timedelta(hours=1))
    said = datetime.now(UTC)
    expected = running.corrected(said)
    stops = [5 * READ_APART.total_seconds()]

    class StoppingClock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            if stops:
                time.sleep(stops.pop())
            return datetime.now(UTC)

    monkeypatch.setattr(clock, "datetime", StoppingClock)
    assert abs(running.corrected(said) - expected) <= READ_APART
    assert not stops


def test_nothing_is_said_before_what_is_known_to_have_been_said() -> None:
    for running in (Clock(), told(), told(local_is_off=timedelta(hours=5))):
        ahead = running.now() + timedelta(seconds=2)
        running.not_before(ahead)
        assert running.now() == ahead
        assert running.corrected(datetime.now(UTC)) == ahead
        long_past = ahead - timedelta(minutes=1)
        running.not_before(long_past)
        assert running.now() > long_past


def test_a_message_dated_far_in_the_future_is_not_waited_for() -> None:
    running = told()
    running.not_before(datetime.now(UTC) + CAUGHT_UP_WITHIN + timedelta(seconds=5))
    assert running.now() < datetime.now(UTC) + timedelta(seconds=1)


def clock_set_by(change: timedelta) -> type[datetime]:
    class SetClock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + change

    return SetClock
