"""The loop that serves: uvloop's where it is installed, else asyncio's own."""

import asyncio
from collections.abc import Callable
from importlib.util import find_spec


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """None for asyncio's: uvloop is neither for Windows nor for interpreters but CPython."""
    if find_spec("uvloop") is None:
        return None
    import uvloop  # not at import: this module is for those who lack it, too

    return uvloop.new_event_loop
