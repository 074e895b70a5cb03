"""Runs one piece of asynchronous work against the backend, found or started for it."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from agent.backend_client import BackendClient
from longroom.backend_process import running_backend
from longroom.errors import clear_errors

REQUEST_TIMEOUT_S = 60.0  # a batch of long messages on a busy machine
Outcome = TypeVar("Outcome")


def with_backend(
    work: Callable[[BackendClient], Awaitable[Outcome]],
    *,
    url: str | None,
    service_key: str | None,
    data_dir: Path,
) -> Outcome:
    """Give `work` a client. Raises CommandError, whichever program the error came from."""

    async def run(backend_url: str) -> Outcome:
        client = BackendClient(backend_url, service_key=service_key, timeout_s=REQUEST_TIMEOUT_S)
        try:
            return await work(client)
        finally:
            await client.aclose()

    with clear_errors(), running_backend(url, data_dir=data_dir, say=_note) as backend_url:
        return asyncio.run(run(backend_url))


def _note(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(text + "\n")
