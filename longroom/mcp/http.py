"""Serves hosts over streamable HTTP, until a signal ends it."""

import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import SecretStr
from starlette.types import ASGIApp

from backend_stub.access.credentials import is_loopback
from longroom.errors import ConfigurationError
from longroom.mcp.key_guard import KeyGuard
from longroom.mcp.signals import stopping

DRAIN_S = 5
PATH = "/mcp"


async def serve_http(
    server: MCPServer[None], *, host: str, port: int, key: SecretStr | None
) -> None:
    """Prints "ready http://host:port/mcp" once it answers. Raises ConfigurationError."""
    check_key(host, key)
    with _listening(host, port) as listener:
        config = uvicorn.Config(
            _application(server, host, key),
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_S,
        )
        serving = _Server(config, announce=lambda: _announce(listener))
        with stopping(serving.stop):
            await serving.serve([listener])


def check_key(host: str, key: SecretStr | None) -> None:
    """Raises ConfigurationError where strangers could reach the host."""
    if key is None and not is_loopback(host):
        raise ConfigurationError(
            f"refusing to serve {host} without a key: set LONGROOM_MCP_KEY, or serve 127.0.0.1"
        )


def _application(server: MCPServer[None], host: str, key: SecretStr | None) -> ASGIApp:
    if key is None:  # the SDK then takes only requests that are addressed to loopback
        return server.streamable_http_app(streamable_http_path=PATH, host=host)
    any_name = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    app = server.streamable_http_app(
        streamable_http_path=PATH, host=host, transport_security=any_name
    )
    return KeyGuard(app, key)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigurationError(f"cannot serve {host} port {port}: {error.strerror}") from error


def _announce(listener: socket.socket) -> None:
    host, port = listener.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    sys.stdout.write(f"ready http://{name}:{port}{PATH}\n")
    sys.stdout.flush()


class _Server(uvicorn.Server):
    """Without uvicorn's signal handling, which raises signals again before all is closed."""

    def __init__(self, config: uvicorn.Config, *, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    def stop(self) -> None:
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()
