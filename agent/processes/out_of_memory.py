"""Ends a job process that has no memory left: it would stay in its room and hear nothing.

LiveKit's client drops what it cannot hand to Python, and goes on. Nothing accepted is lost: it is
on disk, and the worker starts another process at once.
"""

import logging
import os
import sys
import threading

EXIT_CODE = os.EX_OSERR


def exit_on_memory_error() -> None:
    """Whoever meets one: a callback, a thread, or code that catches it and logs it."""
    unraisable, in_thread = sys.unraisablehook, threading.excepthook

    def on_unraisable(error: "sys.UnraisableHookArgs") -> None:
        _exit_on(error.exc_type)
        unraisable(error)

    def on_thread(error: threading.ExceptHookArgs) -> None:
        _exit_on(error.exc_type)
        in_thread(error)

    sys.unraisablehook, threading.excepthook = on_unraisable, on_thread
    logging.getLogger().addHandler(_MemoryErrors())


class _MemoryErrors(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.exc_info, tuple):
            _exit_on(record.exc_info[0])


def _exit_on(kind: type[BaseException] | None) -> None:
    if kind is not None and issubclass(kind, MemoryError):
        os._exit(EXIT_CODE)  # nothing that needs memory
