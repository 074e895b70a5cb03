"""Writes a conversation's messages as JSONL; a file is complete or absent."""

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import orjson
from pydantic import JsonValue

from longroom.client import LongroomClient
from longroom.conversation_name import ConversationName
from longroom.errors import ConfigurationError
from longroom.transfer.lines import MAX_ID_CHARS, REPLY_TO
from retrieval.wire import Message


@dataclass(frozen=True)
class FileExport:
    """`output` None is standard output; a name that ends in .gz is compressed."""

    name: ConversationName
    output: Path | None

    async def run(self, client: LongroomClient) -> int:
        """Returns the number of messages. Raises CommandError and BackendError."""
        found = await self.name.open(client)
        if found.created:
            raise ConfigurationError(f"there was no {self.name}; nothing is exported")
        count = 0
        with _opened(self.output) as file:
            async for message in client.open(found.conversation_id).messages():
                file.write(_line(message))
                count += 1
        return count


def _line(message: Message) -> bytes:
    fields: dict[str, JsonValue] = {
        "id": message.id,
        "participant": message.participant,
        "role": message.role,
        "created_at": message.created_at.isoformat(),
        "content": message.content,
    }
    if message.interrupted:
        fields["interrupted"] = True
    metadata = dict(message.metadata)
    if _is_id(metadata.get(REPLY_TO)):
        fields[REPLY_TO] = metadata.pop(REPLY_TO)
    if metadata:
        fields["metadata"] = metadata
    return orjson.dumps(fields) + b"\n"


def _is_id(value: JsonValue) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARS


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
