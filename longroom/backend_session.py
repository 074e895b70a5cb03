"""Runs one asynchronous function with a client of a backend, starting one if need be."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TypeVar

from longroom.backend_process import running_backend
from longroom.client import LongroomClient
from longroom.errors import clear_errors

REQUEST_TIMEOUT_S = 60.0  # a batch of long messages on a busy machine
Outcome = TypeVar("Outcome")


def with_backend(
    work: Callable[[LongroomClient], Awaitable[Outcome]],
    *,
    url: str | None,
    service_key: str | None,
    data_dir: Path,
) -> Outcome:
    """With the one at `url`, or one that runs for this alone. Raises CommandError."""
    with clear_errors(), running_backend(url, data_dir=data_dir, say=_note) as backend_url:
        return with_running_backend(work, url=backend_url, service_key=service_key)


def with_running_backend(
    work: Callable[[LongroomClient], Awaitable[Outcome]], *, url: str, service_key: str | None
) -> Outcome:
    """Raises CommandError."""

    async def run() -> Outcome:
        client = LongroomClient(url, key=service_key, timeout_s=REQUEST_TIMEOUT_S)
        async with aclosing(client):
            return await work(client)

    with clear_errors():
        return asyncio.run(run())


def _note(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(text + "\n")
