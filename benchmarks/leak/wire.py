"""One request as exactly these bytes, and all that comes back until the connection ends."""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass

ANSWER_S = 30.0
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
_CHUNK = re.compile(rb"\r\n[0-9a-fA-F]+\r\n")


@dataclass(frozen=True)
class Answer:
    statuses: tuple[int, ...]
    text: str
    """Heads and bodies of all responses."""

    @property
    def status(self) -> int:
        return self.statuses[0] if self.statuses else 0


async def exchange(host: str, port: int, request: bytes) -> Answer:
    """Without a status if nothing came in time."""
    received = b""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                received = await _sent_and_read(reader, writer, request)
            finally:
                writer.close()
    text = _CHUNK.sub(b"", received).decode("utf-8", "replace")
    return Answer(tuple(map(int, _STATUS.findall(received))), text)


async def _sent_and_read(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bytes:
    parts: list[bytes] = []
    writer.write(request)
    reading = asyncio.create_task(_read(reader, parts))
    with suppress(OSError):  # refused before all was sent; what was answered is read
        await writer.drain()
    await reading
    return b"".join(parts)


async def _read(reader: asyncio.StreamReader, parts: list[bytes]) -> None:
    with suppress(OSError):
        while part := await reader.read(65_536):
            parts.append(part)
