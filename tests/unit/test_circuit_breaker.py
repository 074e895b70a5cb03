"""When the breaker lets searches through."""

from agent.recall.circuit_breaker import LONGEST_PEACE_S, CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _fail(breaker: CircuitBreaker) -> None:
    attempt = breaker.begin()
    assert attempt is not None
    breaker.ended(attempt, answered=False)


def _succeed(breaker: CircuitBreaker) -> None:
    attempt = breaker.begin()
    assert attempt is not None
    breaker.ended(attempt, answered=True)


def _open(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(failures=3, recovery_s=5.0, clock=clock)
    for _ in range(3):
        _fail(breaker)
    return breaker


def _slow(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(failures=3, recovery_s=5.0, clock=clock)
    for _ in range(3):
        attempt = breaker.begin()
        assert attempt is not None
        assert breaker.is_worth_waiting(attempt)
        breaker.late(attempt)
    return breaker


def test_it_opens_after_three_failures_in_a_row() -> None:
    assert _open(Clock()).begin() is None


def test_a_success_in_between_keeps_it_closed() -> None:
    breaker = CircuitBreaker(failures=2)
    for _ in range(10):
        _fail(breaker)
        _succeed(breaker)
    assert breaker.begin() is not None


def test_after_the_pause_one_may_try_and_its_success_lets_all_through() -> None:
    clock = Clock()
    breaker = _open(clock)
    clock.now += 5.0
    probe = breaker.begin()
    assert probe is not None
    assert breaker.is_worth_waiting(probe)
    assert breaker.begin() is None
    breaker.ended(probe, answered=True)
    assert breaker.begin() is not None
    assert breaker.begin() is not None


def test_after_the_pause_one_failure_closes_the_door_again() -> None:
    clock = Clock()
    breaker = _open(clock)
    clock.now += 5.0
    _fail(breaker)
    clock.now += 4.9
    assert breaker.begin() is None
    clock.now += 0.2
    assert breaker.begin() is not None


def test_a_trial_that_never_ends_does_not_keep_it_shut() -> None:
    clock = Clock()
    breaker = _open(clock)
    clock.now += 5.0
    assert breaker.begin() is not None
    clock.now += 5.0
    assert breaker.begin() is not None


def test_a_late_answer_is_one_failure_however_many_turns_waited_and_whatever_it_is() -> None:
    breaker = CircuitBreaker(failures=2)
    attempt = breaker.begin()
    assert attempt is not None
    breaker.late(attempt)
    breaker.late(attempt)
    breaker.ended(attempt, answered=True)
    assert breaker.begin() is not None
    _fail(breaker)
    assert breaker.begin() is None


def test_no_turn_waits_for_the_probe_of_a_slow_backend_which_must_be_in_time() -> None:
    clock = Clock()
    breaker = _slow(clock)
    for in_time in (False, True):
        clock.now += 5.0
        probe = breaker.begin()
        assert probe is not None
        assert not breaker.is_worth_waiting(probe)
        breaker.ended(probe, answered=True, in_time=in_time)
    assert breaker.begin() is not None


def test_it_gives_the_backend_the_peace_that_it_asks_for() -> None:
    clock = Clock()
    breaker = CircuitBreaker(failures=3, recovery_s=5.0, clock=clock)
    attempt = breaker.begin()
    assert attempt is not None

    breaker.ended(attempt, answered=False, retry_after_s=20.0)

    clock.now += 19.9
    assert breaker.begin() is None
    clock.now += 0.1
    assert breaker.begin() is not None


def test_peace_has_an_end_whatever_a_backend_asks_for() -> None:
    clock = Clock()
    breaker = CircuitBreaker(clock=clock)
    attempt = breaker.begin()
    assert attempt is not None
    breaker.ended(attempt, answered=False, retry_after_s=1e9)

    clock.now += LONGEST_PEACE_S

    assert breaker.begin() is not None
