"""Puts the server together and serves it."""

import asyncio
from dataclasses import dataclass

from pydantic import SecretStr

from longroom.client import LongroomClient
from longroom.mcp.http import serve_http
from longroom.mcp.scope import Scope
from longroom.mcp.server import memory_server
from longroom.mcp.stdio import serve_stdio

CALL_S = 20.0
"""Of one call to the backend: hosts wait for a minute."""


@dataclass(frozen=True)
class Address:
    """Of streamable HTTP; port 0 is a free one."""

    host: str
    port: int
    key: SecretStr | None = None


def run(
    backend_url: str,
    *,
    service_key: str | None,
    scope: Scope,
    time_zone: str,
    http: Address | None,
) -> None:
    """Over standard input and output without `http`. Raises ConfigurationError."""

    async def serve() -> None:
        async with LongroomClient(backend_url, key=service_key, timeout_s=CALL_S) as client:
            server = memory_server(client, scope, time_zone=time_zone)
            if http is None:
                await serve_stdio(server)
            else:
                await serve_http(server, host=http.host, port=http.port, key=http.key)

    asyncio.run(serve())
