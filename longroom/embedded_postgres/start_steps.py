"""What a start is at, for who waits for it at a terminal. Silent where nobody does."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE_S = 1.0
FIRST_START = "setting up PostgreSQL, this once"
"""Told at once: with all that follows, it takes longer everywhere."""
Step = Callable[[str], None]
"""Takes what begins now; empty: nothing that takes long."""


def untold(_step: str) -> None:
    """Where nobody waits."""


@contextmanager
def start_steps(*, patience_s: float = PATIENCE_S) -> Iterator[Step]:
    """Tells the step at hand on stderr once the block has taken `patience_s`, then each new one."""
    if not sys.stderr.isatty():
        yield untold
        return
    steps = _Steps()
    timer = threading.Timer(patience_s, steps.tell)
    timer.daemon = True
    timer.start()
    try:
        yield steps.begin
    finally:
        timer.cancel()
        steps.end()


class _Steps:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._step = ""
        self._told = False

    def begin(self, step: str) -> None:
        with self._lock:
            self._step = step
            self._told |= step == FIRST_START
            self._show()

    def tell(self) -> None:
        with self._lock:
            self._told = True
            self._show()

    def end(self) -> None:
        self.begin("")

    def _show(self) -> None:
        if self._told and self._step:
            sys.stderr.write(f"{self._step} …\n")
            sys.stderr.flush()
