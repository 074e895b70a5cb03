"""A web application on a free loopback port."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


@asynccontextmanager
async def served(
    app: web.Application, *, shutdown_timeout: float = 0.5, **options: Any
) -> AsyncIterator[str]:
    """Yields its address; `options` are the runner's."""
    runner = web.AppRunner(app, shutdown_timeout=shutdown_timeout, **options)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
