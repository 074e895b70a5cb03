"""A TCP proxy that can be cut or slowed down."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from testbed.web_server import ACCEPTED_S

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]
Overhear = Callable[[bytes], object]


class TcpProxy:
    """Forwards to what `connect` opens unless cut; `delay_s` delays each piece of an answer.

    `overhear` gets each piece of what is asked.
    """

    def __init__(self, connect: Connect, overhear: Overhear = len) -> None:
        self._connect = connect
        self._overhear = overhear
        self._open: set[asyncio.StreamWriter] = set()
        self.url = ""
        self.is_cut = False
        self.delay_s = 0.0

    def cut(self) -> None:
        """Abort all connections and refuse new ones."""
        self.is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def restore(self) -> None:
        self.is_cut = False
        self.delay_s = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError):
                target_reader, target_writer = await self._connect()
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._forward(reader, target_writer, delayed=False))
                    group.create_task(self._forward(target_reader, writer, delayed=True))
        finally:
            self._open.discard(writer)
            writer.close()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, delayed: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if not delayed:
                    self._overhear(data)
                elif self.delay_s:
                    await asyncio.sleep(self.delay_s)
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def tcp_proxy(url: str, overhear: Overhear = len) -> AsyncIterator[TcpProxy]:
    """On a free loopback port, in front of the server at `url`, which may be a libpq socket."""
    proxy = TcpProxy(_connection_to(url), overhear)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    proxy.url = f"http://{host}:{port}"
    try:
        yield proxy
    finally:
        proxy.cut()
        server.close()
        await asyncio.sleep(ACCEPTED_S)  # they are cut off, too


def database_behind(proxy: TcpProxy, database_url: str) -> str:
    """The database's URL by way of a proxy in front of it."""
    there = urlsplit(database_url)
    user, _, _ = there.netloc.rpartition("@")
    return f"postgresql://{user}@{urlsplit(proxy.url).netloc}{there.path}"


def _connection_to(url: str) -> Connect:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if folder := options.get("host"):
        return partial(asyncio.open_unix_connection, f"{folder}/.s.PGSQL.{options['port']}")
    return partial(asyncio.open_connection, parts.hostname or "127.0.0.1", parts.port or 80)
