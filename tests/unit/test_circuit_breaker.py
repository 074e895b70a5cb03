"""When the breaker lets searches through."""

from agent.recall.circuit_breaker import CircuitBreaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _open(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(failures=3, recovery_s=5.0, clock=clock)
    for _ in range(3):
        assert breaker.may_try()
        breaker.failed()
    return breaker


def test_it_opens_after_three_failures_in_a_row() -> None:
    assert not _open(Clock()).may_try()


def test_a_success_in_between_keeps_it_closed() -> None:
    breaker = CircuitBreaker(failures=2)
    for _ in range(10):
        breaker.failed()
        breaker.succeeded()
    assert breaker.may_try()


def test_after_the_pause_one_may_try_and_its_success_lets_all_through() -> None:
    clock = Clock()
    breaker = _open(clock)
    clock.now += 5.0
    assert breaker.may_try()
    assert not breaker.may_try()
    breaker.succeeded()
    assert breaker.may_try()
    assert breaker.may_try()


def test_after_the_pause_one_failure_closes_the_door_again() -> None:
    clock = Clock()
    breaker = _open(clock)
    clock.now += 5.0
    assert breaker.may_try()
    breaker.failed()
    clock.now += 4.9
    assert not breaker.may_try()
    clock.now += 0.2
    assert breaker.may_try()


def test_a_trial_that_never_ends_does_not_keep_it_shut() -> None:
    clock = Clock()
    breaker = _open(clock)
    clock.now += 5.0
    assert breaker.may_try()
    clock.now += 5.0
    assert breaker.may_try()
