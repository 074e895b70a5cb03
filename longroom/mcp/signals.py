"""A signal ends the server as the end of its work does: closed in order, with exit code 0."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stopping(stop: Callable[[], object]) -> Iterator[None]:
    """Calls `stop` at the first one; a second one ends the process at once."""
    loop = asyncio.get_running_loop()

    def at_first() -> None:
        _remove(loop)
        stop()

    for number in SIGNALS:
        loop.add_signal_handler(number, at_first)
    try:
        yield
    finally:
        _remove(loop)


def _remove(loop: asyncio.AbstractEventLoop) -> None:
    for number in SIGNALS:
        loop.remove_signal_handler(number)
