"""Writes a room's messages as JSONL; a file is complete or absent."""

import gzip
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

import orjson

from agent.backend_client import BackendClient
from longroom.errors import ConfigurationError
from retrieval.wire import MAX_PAGE_MESSAGES, Message


@dataclass(frozen=True)
class FileExport:
    """`output` None is standard output; a name that ends in .gz is compressed."""

    room: str
    output: Path | None

    async def run(self, client: BackendClient) -> int:
        """Returns the number of messages. Raises CommandError and BackendError."""
        room = await client.create_room(self.room)
        if room.created:
            raise ConfigurationError(f"there was no room {self.room!r}; nothing is exported")
        count = 0
        with _opened(self.output) as file:
            async for message in _messages(client, room.conversation_id):
                file.write(_line(message))
                count += 1
        return count


async def _messages(client: BackendClient, conversation_id: UUID) -> AsyncIterator[Message]:
    last_seq = 0
    while True:
        page = await client.get_recent_messages(
            conversation_id, limit=MAX_PAGE_MESSAGES, after=last_seq
        )
        for message in page.messages:
            yield message
        if len(page.messages) < MAX_PAGE_MESSAGES:
            return
        last_seq = page.messages[-1].seq


def _line(message: Message) -> bytes:
    fields: dict[str, str | bool] = {
        "id": message.id,
        "participant": message.participant,
        "role": message.role,
        "created_at": message.created_at.isoformat(),
        "content": message.content,
    }
    if message.interrupted:
        fields["interrupted"] = True
    return orjson.dumps(fields) + b"\n"


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
