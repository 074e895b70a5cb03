"""A transport that closes without losing the response.

The system resets a connection that is closed while bytes of the client are unread, and a client
that has not read the response by then never sees it.
"""

import asyncio
from collections.abc import Callable
from typing import Any


class LingeringTransport(asyncio.Transport):
    """While `unread()` says that more may come, `close` ends the sending side only.

    The owner discards what is received then, and calls `finish` when it is enough.
    """

    def __init__(self, inner: asyncio.Transport, *, unread: Callable[[], bool]) -> None:
        super().__init__()
        self._inner = inner
        self._unread = unread
        self._closing = False
        self._paused = False
        self._held = False
        self.lingers = False

    def close(self) -> None:
        if self.is_closing():
            return
        if self._unread():
            self.linger()
        else:
            self.finish()

    def linger(self) -> None:
        self._closing = self.lingers = True
        if self._inner.can_write_eof() and not self._inner.is_closing():
            self._inner.write_eof()
        self._read_or_not()

    def finish(self) -> None:
        """Close as soon as what was written is sent."""
        self._closing = True
        self._inner.close()

    def abort(self) -> None:
        self._closing = True
        self._inner.abort()

    def is_closing(self) -> bool:
        return self._closing or self._inner.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.is_closing():
            self._inner.write(data)

    def get_write_buffer_size(self) -> int:
        return self._inner.get_write_buffer_size()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._paused = True
        self._read_or_not()

    def resume_reading(self) -> None:
        self._paused = False
        self._read_or_not()

    def hold(self, held: bool) -> None:
        """Read nothing while it is held, whatever else is asked for."""
        self._held = held
        self._read_or_not()

    def _read_or_not(self) -> None:
        if self._held or (self._paused and not self.lingers):
            self._inner.pause_reading()
        else:
            self._inner.resume_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._inner.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._inner.get_protocol()
