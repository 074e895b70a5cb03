"""How much is let through in a time, and what the limiter itself keeps."""

import pytest

from backend_stub.access.rates import BURST_S, MOST_KNOWN, AtOnce, Rate


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def taken(rate: Rate, who: str, tries: int) -> int:
    done = 0
    for _ in range(tries):
        if not rate.wait_s(who):
            rate.use(who)
            done += 1
    return done


@pytest.mark.parametrize("per_s", [0.5, 1.0, 3.0, 20.0, 1000.0])
def test_a_burst_and_then_the_rate(per_s: float) -> None:
    clock = Clock()
    rate = Rate(per_s, clock=clock)
    tries = int(per_s * BURST_S) * 3 + 10

    assert taken(rate, "a", tries) == pytest.approx(per_s * BURST_S, abs=1)
    clock.now_s += 60.0 * BURST_S
    assert taken(rate, "a", tries) == pytest.approx(per_s * BURST_S, abs=1)
    done = 0
    for _ in range(400):
        clock.now_s += 0.1
        done += taken(rate, "a", int(per_s) + 2)
    assert done == pytest.approx(per_s * 40.0, rel=0.02, abs=1)


@pytest.mark.parametrize("per_s", [0.01, 0.5, 7.0])
def test_who_waits_as_long_as_he_is_told_is_let_in_then(per_s: float) -> None:
    clock = Clock()
    rate = Rate(per_s, clock=clock)
    taken(rate, "a", 1000)

    wait_s = rate.wait_s("a")

    assert wait_s > 0
    clock.now_s += wait_s * 0.99
    assert rate.wait_s("a") > 0
    clock.now_s += wait_s * 0.02
    assert rate.wait_s("a") == 0


def test_more_than_is_left_passes_once_and_is_waited_for() -> None:
    clock = Clock()
    rate = Rate(100.0, clock=clock)

    assert rate.wait_s("a") == 0
    rate.use("a", 5_000.0)

    assert rate.wait_s("a") == pytest.approx(50.0 - BURST_S, abs=0.1)
    assert rate.wait_s("b") == 0


def test_zero_is_no_limit_and_keeps_nothing() -> None:
    rate = Rate(0.0, clock=Clock())

    assert taken(rate, "a", 10_000) == 10_000
    assert len(rate) == 0


def test_made_up_names_fill_no_memory_and_free_only_who_was_silent() -> None:
    rate = Rate(1.0, clock=Clock())
    taken(rate, "busy", 20)

    for number in range(3 * MOST_KNOWN):
        rate.use(f"made up {number}")
        if number % 1000 == 0:
            rate.use("busy")

    assert len(rate) == MOST_KNOWN
    assert rate.wait_s("busy") > 0


def test_what_is_open_is_counted_and_forgotten() -> None:
    streams = AtOnce(2)

    streams.begin("a")
    assert not streams.full("a")
    streams.begin("a")
    assert streams.full("a")
    assert not streams.full("b")
    streams.end("a")
    assert not streams.full("a")
    streams.end("a")
    streams.begin("a")
    assert not streams.full("a")
    assert not AtOnce(0).full("a")
