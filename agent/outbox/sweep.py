"""Takes what was erased out of the data folder's files that no agent holds."""

import asyncio
import logging
from pathlib import Path
from uuid import UUID

from agent.errors import OutboxError
from agent.messages.erasures import Erasures, erasures_since
from agent.outbox.files import left_over, open_path
from agent.outbox.metrics import OutboxMetrics
from agent.outbox.set_aside import delete_set_aside, set_aside_files
from agent.outbox.store import OutboxStore
from longroom.client import BackendError, LongroomClient

logger = logging.getLogger(__name__)


async def erase_from(
    file: OutboxStore, conversation_id: UUID, *, client: LongroomClient, metrics: OutboxMetrics
) -> None:
    """Of a file that this process holds, also where nothing waits. Never raises: what fails is for
    the next sweep.
    """
    try:
        known = await asyncio.to_thread(file.erased_to)
        erasures, revision = await erasures_since(client, conversation_id, known)
        if erasures:
            gone = await asyncio.to_thread(lambda: file.erase(erasures, revision=revision))
            tell_erased(gone, conversation_id, file.path, metrics)
    except BackendError as error:
        # It may be one that knows no erasures, too.
        logger.info("erasures not asked for", extra=_about(conversation_id, error))
    except OutboxError as error:
        logger.error("what was erased is still on disk", extra=_about(conversation_id, error))


async def sweep_conversation(
    data_dir: Path, erasures: Erasures, *, client: LongroomClient, metrics: OutboxMetrics
) -> None:
    """Its other files, after erasures of which this process has learned. Never raises."""
    conversation_id = erasures.conversation_id
    if erasures.erases:
        await _delete_set_aside(data_dir, conversation_id)
    for path, of_conversation in await asyncio.to_thread(lambda: list(left_over(data_dir))):
        if of_conversation == conversation_id:
            await _sweep_file(path, conversation_id, client, metrics)


async def sweep_set_aside(data_dir: Path, *, client: LongroomClient) -> None:
    """Of all conversations of which something was erased. Never raises."""
    files = await asyncio.to_thread(lambda: list(set_aside_files(data_dir)))
    for conversation_id in {of_conversation for _, of_conversation in files}:
        try:
            erasures, _ = await erasures_since(client, conversation_id, 0)
        except BackendError as error:
            logger.info("erasures not asked for", extra=_about(conversation_id, error))
            continue
        if erasures.erases:
            await _delete_set_aside(data_dir, conversation_id)


def tell_erased(gone: list[str], conversation_id: UUID, path: Path, metrics: OutboxMetrics) -> None:
    metrics.erased.inc(len(gone))
    if gone:
        logger.warning(
            "these were erased: they are dropped, and gone from the disk",
            extra={"conversation_id": str(conversation_id), "ids": gone, "file": path.name},
        )


async def _sweep_file(
    path: Path, conversation_id: UUID, client: LongroomClient, metrics: OutboxMetrics
) -> None:
    try:
        file = await asyncio.to_thread(open_path, path, metrics, held=logging.DEBUG)
    except OutboxError as error:
        logger.error("what was erased may be on disk", extra=_about(conversation_id, error))
        return
    if file is None:
        return  # held: its agent learns of it by itself
    try:
        await erase_from(file, conversation_id, client=client, metrics=metrics)
    finally:
        await asyncio.to_thread(file.close)


async def _delete_set_aside(data_dir: Path, conversation_id: UUID) -> None:
    try:
        deleted = await asyncio.to_thread(delete_set_aside, data_dir, conversation_id)
    except OutboxError as error:
        logger.error("what was erased may be on disk", extra=_about(conversation_id, error))
        return
    if deleted:
        logger.warning(
            "damaged outbox files are deleted: something of their conversation was erased",
            extra={"conversation_id": str(conversation_id), "files": deleted},
        )


def _about(conversation_id: UUID, error: Exception) -> dict[str, str]:
    return {"conversation_id": str(conversation_id), "reason": str(error)}
