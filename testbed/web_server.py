"""A web application on a free loopback port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

ACCEPTED_S = 0.05
"""In which connections that a closed listener has still taken come to be known, and so closed."""


@asynccontextmanager
async def served(
    app: web.Application, *, shutdown_timeout: float = 0.5, **options: Any
) -> AsyncIterator[str]:
    """Yields its address; `options` are the runner's."""
    runner = web.AppRunner(app, shutdown_timeout=shutdown_timeout, **options)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await site.stop()
        await asyncio.sleep(ACCEPTED_S)
        await runner.cleanup()
