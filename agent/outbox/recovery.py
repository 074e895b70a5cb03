"""Delivers what killed processes left in the outbox files of rooms not opened since."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from agent.backend_client import BackendClient
from agent.outbox.files import left_over, open_path
from agent.outbox.metrics import OutboxMetrics
from agent.outbox.outbox import Outbox
from agent.outbox.retry import Retry
from agent.outbox.sweep import erase_from, sweep_set_aside
from agent.outbox.typed_lines import sweep_typed_lines

logger = logging.getLogger(__name__)


async def recover(
    data_dir: Path,
    *,
    client: BackendClient,
    timeout_s: float,
    retry: Retry | None = None,
    dead_letters_expire_after: timedelta | None = None,
) -> int:
    """Deliver each file that no process holds, in `timeout_s`; returns how many were emptied.
    What was erased meanwhile is taken out before.

    The rest stays for the next recovery. Raises OutboxUnwritable.
    """
    emptied = 0
    metrics = OutboxMetrics()
    for path, conversation_id in await asyncio.to_thread(lambda: list(left_over(data_dir))):
        # Most are held by their rooms' agents.
        file = await asyncio.to_thread(open_path, path, metrics, held=logging.DEBUG)
        if file is None:
            continue
        await erase_from(file, conversation_id, client=client, metrics=metrics)
        outbox = Outbox(
            file,
            client=client,
            conversation_id=conversation_id,
            retry=retry,
            dead_letters_expire_after=dead_letters_expire_after,
            metrics=metrics,
        )
        emptied += await _deliver(outbox, conversation_id, timeout_s)
    # After the outboxes: damage that shows there is set aside.
    await sweep_set_aside(data_dir, client=client)
    await sweep_typed_lines(data_dir, client=client)
    return emptied


async def _deliver(outbox: Outbox, conversation_id: UUID, timeout_s: float) -> bool:
    try:
        delivered = await outbox.drain(timeout_s)
    finally:
        await outbox.aclose()
    logger.info(
        "outbox left behind was delivered" if delivered else "outbox left behind still waits",
        extra={"conversation_id": str(conversation_id)},
    )
    return delivered
