"""Serves the application until a signal, then drains it."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

import asyncpg
import uvicorn
from fastapi import FastAPI

from backend_stub.app import create_app
from backend_stub.connections.event_loop import loop_factory
from backend_stub.connections.open_connections import ConnectionLimits, allow_open_files
from backend_stub.connections.protocol import http_protocol
from backend_stub.errors import AddressRefused, DatabaseRefused
from backend_stub.resources import DatabaseSource
from backend_stub.settings import BackendSettings
from retrieval.telemetry import start_exporting

logger = logging.getLogger(__name__)

CLOSE_S = 30.0
"""After the drain: more than all that is waited for while resources close, one after the other."""


COLLECT_AFTER = (10_000, 20, 10)
"""Objects of the youngest generation, and collections of each before the next: more than a search
makes, of which nearly all end without the collector."""
SWITCH_S = 0.001
"""A fifth of the default: so long the event loop waits for threads, which analyse long texts."""


def run(
    settings: BackendSettings,
    *,
    database: DatabaseSource | None = None,
    exit_with_parent: bool = False,
) -> None:
    """Raises BackendStartError, DatabaseUnfit or EmbeddingError when it cannot start."""
    start_exporting("longroom-backend")
    sys.setswitchinterval(SWITCH_S)
    allow_open_files(settings.connections)
    app = create_app(settings, database=database)
    with bind(settings.host, settings.port) as listener:
        serving = serve(
            app,
            listener=listener,
            limits=_limits(settings),
            drain_timeout_s=settings.drain_timeout_s,
            exit_with_parent=exit_with_parent,
        )
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                runner.run(serving)
        except asyncpg.PostgresError as error:
            raise DatabaseRefused(
                f"the database refused: {error}; `longroom doctor` examines it"
            ) from error


async def serve(
    app: FastAPI,
    *,
    listener: socket.socket,
    limits: ConnectionLimits | None = None,
    drain_timeout_s: int,
    exit_with_parent: bool,
) -> None:
    """Prints "ready http://host:port" once it answers, and where its pages are.

    Raises what the lifespan raises.
    """
    stop: asyncio.Event = app.state.ending  # endless responses end with it, too

    def request_stop() -> None:
        stop.set()
        _end_at_last(drain_timeout_s + CLOSE_S)

    _stop_at_signal(request_stop)
    if exit_with_parent:
        _stop_with_parent(request_stop)
    # Entered here: uvicorn would turn the lifespan's errors into log lines.
    async with app.router.lifespan_context(app):
        collect_rarely()
        config = uvicorn.Config(
            app,
            http=http_protocol(limits or ConnectionLimits()),
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=drain_timeout_s,
        )
        logger.info("backend started")
        announce = partial(_announce, listener, inspected=hasattr(app.state, "pages"))
        await _Server(config, stop=stop, announce=announce).serve([listener])
        logger.info("backend drained")


def collect_rarely() -> None:
    """Of what is open by now, such as modules and the model, nothing is looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _limits(settings: BackendSettings) -> ConnectionLimits:
    return ConnectionLimits(
        connections=settings.connections,
        head_s=settings.headers_timeout_s,
        stalled_s=settings.write_timeout_s,
    )


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 for a free one. Raises AddressRefused."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda item: item[0])  # IPv4 first
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressRefused(f"{host} is not an address to serve: {error.strerror}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        # At once: the second of two programs on one port must fail here.
        listener.listen()
    except OSError as error:
        listener.close()
        raise AddressRefused(
            f"cannot serve {host} port {port}: {error.strerror};"
            " end what uses it, or choose another BACKEND_PORT (0: a free one)"
        ) from error
    return listener


class _Server(uvicorn.Server):
    """Without uvicorn's signal handling, which raises signals again before resources are closed."""

    def __init__(
        self, config: uvicorn.Config, *, stop: asyncio.Event, announce: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._stop = stop
        self._announce = announce

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    async def on_tick(self, counter: int) -> bool:
        self.should_exit = self.should_exit or self._stop.is_set()
        return await super().on_tick(counter)


def _announce(listener: socket.socket, *, inspected: bool) -> None:
    host, port = listener.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - read, not bound
    name = f"[{reachable}]" if ":" in reachable and "[" not in reachable else reachable
    address = f"http://{name}:{port}"
    # In one piece: who reads the first line may end, and the second must not fail then.
    pages = f"inspect {address}/inspect\n" if inspected else ""
    sys.stdout.write(f"ready {address}\n{pages}")
    sys.stdout.flush()


def _end_at_last(after_s: float) -> None:
    """Whatever hangs by then, on the loop, in a thread or at the interpreter's exit: it ends."""

    def end() -> None:
        logger.critical("shutdown took too long; ended", extra={"after_s": after_s})
        os._exit(1)

    timer = threading.Timer(after_s, end)
    timer.daemon = True
    timer.start()


def _stop_at_signal(request_stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def request() -> None:
        request_stop()
        # A second signal ends the process at once.
        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(signal_number)

    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, request)


def _stop_with_parent(request_stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def wait_for_end() -> None:
        # os.read: a buffered reader that blocks in a thread aborts the interpreter's exit.
        while os.read(0, 4096):
            pass
        loop.call_soon_threadsafe(request_stop)

    threading.Thread(target=wait_for_end, name="parent watch", daemon=True).start()
