"""Serves one host over standard input and output, until its input or a signal ends it."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from mcp.server import MCPServer

from longroom.mcp.signals import stopping

STDIN = 0
CHUNK_BYTES = 65_536


async def serve_stdio(server: MCPServer[None]) -> None:
    with _input_that_can_end() as end, stopping(end):
        await server.run_stdio_async()


@contextmanager
def _input_that_can_end() -> Iterator[Callable[[], None]]:
    """The SDK's server ends with its input, and cannot be cancelled while it reads: at a signal
    this process ends that input itself.
    """
    host = os.dup(STDIN)
    reader, writer = socket.socketpair()
    os.dup2(reader.fileno(), STDIN)
    reader.close()

    def end() -> None:
        with suppress(OSError):
            writer.shutdown(socket.SHUT_WR)

    def forward() -> None:
        # os.read: a buffered reader that blocks in a thread aborts the interpreter's exit.
        with suppress(OSError):
            while chunk := os.read(host, CHUNK_BYTES):
                writer.sendall(chunk)
        end()

    threading.Thread(target=forward, name="host's input", daemon=True).start()
    yield end
