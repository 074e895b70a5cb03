"""Writes an export into a file, which is complete or absent."""

import gzip
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from longroom.client import LongroomClient
from longroom.conversation_name import ConversationName
from longroom.errors import CommandFailed, ConfigurationError
from retrieval.wire import ExportEnd, ExportPart

_LONGEST_END = 1_000


@dataclass(frozen=True)
class FileExport:
    """`source` is a conversation, or a participant's identity. `output` None is standard output;
    a name that ends in .gz is compressed.
    """

    source: ConversationName | str
    parts: Sequence[ExportPart]
    output: Path | None

    async def run(self, client: LongroomClient) -> ExportEnd:
        """Returns what was written. Raises CommandError and BackendError."""
        pieces = await self._pieces(client)
        written = _Written()
        async with aclosing(pieces):
            with _opened(self.output) as file:
                async for piece in pieces:
                    file.write(piece)
                    written.add(piece)
                if "conversation" in self.parts:
                    return written.end()
        return ExportEnd(messages=written.lines)

    async def _pieces(self, client: LongroomClient) -> AsyncGenerator[bytes]:
        if isinstance(self.source, str):
            return client.export_participant(self.source)
        found = await self.source.open(client)
        if found.created:
            raise ConfigurationError(f"there was no {self.source}; nothing is exported")
        return client.export_conversation(found.conversation_id, parts=self.parts)


class _Written:
    """Counts lines, and keeps the last one."""

    def __init__(self) -> None:
        self.lines = 0
        self._tail = b""

    def add(self, piece: bytes) -> None:
        self.lines += piece.count(b"\n")
        self._tail = (self._tail + piece)[-_LONGEST_END:]

    def end(self) -> ExportEnd:
        """Raises CommandFailed if the last line does not tell it."""
        last = self._tail.rstrip(b"\n").rpartition(b"\n")[2]
        try:
            return ExportEnd.model_validate(orjson.loads(last)["end"])
        except (ValueError, TypeError, KeyError):
            raise CommandFailed(
                "the export has no end; a backend of an earlier version gives messages only:"
                " --include messages"
            ) from None


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    unfinished = output.with_name(output.name + ".unfinished")
    try:
        packed = output.suffix == ".gz"
        raw = gzip.open(unfinished, "wb") if packed else unfinished.open("wb")  # noqa: SIM115 - closed below
        with raw:
            yield cast("BinaryIO", raw)
        unfinished.replace(output)
    except OSError as error:
        raise ConfigurationError(f"cannot write {output}: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
