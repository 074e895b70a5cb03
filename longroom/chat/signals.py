"""What signals do to a chat: Ctrl-C interrupts an answer, SIGTERM and SIGHUP end the chat."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ENDING = (signal.SIGTERM, signal.SIGHUP)  # SIGHUP: the terminal was closed


@dataclass
class Ending:
    """`exit_code` is 0 unless a signal has arrived."""

    exit_code: int = 0


@contextmanager
def ending_signals() -> Iterator[Ending]:
    """Let SIGTERM and SIGHUP cancel the task that runs the block, once, and end the block."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    ending = Ending()

    def end(number: int) -> None:
        if task is not None and not ending.exit_code:
            ending.exit_code = 128 + number
            task.cancel()

    for number in ENDING:
        loop.add_signal_handler(number, end, number)
    try:
        yield ending
    except (asyncio.CancelledError, OSError):  # a closed terminal can also not be written to
        if not ending.exit_code:
            raise
    finally:
        for number in ENDING:
            loop.remove_signal_handler(number)


@contextmanager
def ctrl_c(action: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl-C call `action` in the event loop; only in the main thread."""
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(action))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
