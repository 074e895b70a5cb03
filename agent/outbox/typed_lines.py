"""What was typed at the prompt of `longroom chat`, kept for its arrow keys: a file a conversation.

Nobody can say which line became which message: once something of its conversation was erased, the
whole file goes. Its name ends with the revision up to which nothing in it was.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from agent.messages.erasures import erasures_since
from longroom.client import BackendError, LongroomClient

logger = logging.getLogger(__name__)

_COMMON = "chat_history"
"""Of earlier versions, for all conversations."""


def typed_lines_file(data_dir: Path, conversation_id: UUID, *, revision: int) -> Path:
    """The file, which may have been begun at an earlier revision; `revision` is that of a new one.

    Errors of the disk are ignored: a chat works without it.
    """
    begun = [path for path, of, _ in _files(data_dir) if of == conversation_id]
    if begun:
        return begun[0]
    with suppress(OSError):
        _folder(data_dir).mkdir(parents=True, exist_ok=True)
    return _folder(data_dir) / f"{conversation_id}.{revision}"


def delete_typed_lines(data_dir: Path, conversation_id: UUID) -> None:
    for path, of_conversation, _ in list(_files(data_dir)):
        if of_conversation == conversation_id:
            _delete(path)


async def sweep_typed_lines(data_dir: Path, *, client: LongroomClient) -> None:
    """Of conversations of which something was erased. Never raises."""
    await asyncio.to_thread(_delete, data_dir / _COMMON)
    for path, conversation_id, revision in await asyncio.to_thread(lambda: list(_files(data_dir))):
        try:
            erasures, _ = await erasures_since(client, conversation_id, revision)
        except BackendError as error:
            logger.info("erasures not asked for", extra={"reason": str(error)})
            continue
        if erasures:
            logger.info(
                "typed lines are deleted: something of their conversation was erased",
                extra={"conversation_id": str(conversation_id)},
            )
            await asyncio.to_thread(_delete, path)


def _folder(data_dir: Path) -> Path:
    return data_dir / "typed-lines"


def _files(data_dir: Path) -> Iterator[tuple[Path, UUID, int]]:
    for path in sorted(_folder(data_dir).glob("*")):
        conversation_id, _, revision = path.name.partition(".")
        with suppress(ValueError):
            yield path, UUID(conversation_id), int(revision)


def _delete(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        logger.error("typed lines not deleted", extra={"reason": error.strerror or "unknown"})
