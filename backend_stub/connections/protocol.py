"""One connection: uvicorn's protocol with bounds for clients that send or read too slowly."""

import asyncio
import logging
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from backend_stub.connections.lingering import LingeringTransport
from backend_stub.connections.open_connections import ConnectionLimits, OpenConnections
from backend_stub.connections.strict_http import MAX_HEAD_BYTES, NOT_HTTP, StrictConnection
from backend_stub.http.problems import unavailable
from retrieval.wire import Problem

LEAST_READ_BYTES = 16 * 1024
"""By a client, of a waiting response, within `stalled_s`."""
SLICE_BYTES = 4 * 1024
LONGEST_READING_S = 0.005
PROBES = ("/healthz", "/readyz", "/livez", "/metrics")
BUSY = "the backend has as many connections as it takes; try again"

logger = logging.getLogger(__name__)


def http_protocol(limits: ConnectionLimits) -> type[asyncio.Protocol]:
    """For uvicorn, which calls it for each connection: all are counted together."""
    made = partial(HttpProtocol, open_connections=OpenConnections(limits))
    return cast("type[asyncio.Protocol]", made)


class HttpProtocol(H11Protocol):
    """Refusals before a request reaches the application are problems (RFC 9457), too."""

    transport: LingeringTransport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        open_connections: OpenConnections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.conn: StrictConnection = StrictConnection(h11.SERVER, MAX_HEAD_BYTES)
        self._open = open_connections
        self._limits = open_connections.limits
        self._head_timer: asyncio.TimerHandle | None = None
        self._discard_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._discarded_bytes = 0
        self._received = bytearray()
        self._reading: asyncio.Handle | None = None
        self._counted = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # As in uvicorn: a stream's transport, not any.
        super().connection_made(LingeringTransport(transport, unread=self._is_body_unread))
        self._open.admit()
        self._counted = True
        if self._open.flooded:
            self.transport.abort()
        elif self._open.overfull:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, BUSY, linger=True)
        else:
            if self._open.full:
                self.app = _probes_only(self.app)
            self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head_timer, self._discard_timer, self._stall_timer, self._reading):
            if timer is not None:
                timer.cancel()
        if self._counted:
            self._counted = False
            self._open.leave(self)
        super().connection_lost(exc)

    def give_way(self) -> None:
        """Called while no request is read or answered."""
        self._open.work(self)
        if self._counted:
            self._counted = False
            self._open.leave(self)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self.transport.lingers or self._discard_timer is not None:
            self._discarded_bytes += len(data)
            if self._discarded_bytes > self._limits.linger_bytes:
                self.transport.abort()
                return
        self._received += data
        if self._reading is None:
            self._read_on()

    def _read_on(self) -> None:
        """A slice at a time: a packet of tiny chunks takes half a second."""
        self._reading = None
        until = self.loop.time() + LONGEST_READING_S
        while self._received and not self.transport.is_closing():
            data = bytes(self._received[:SLICE_BYTES])
            del self._received[:SLICE_BYTES]
            super().data_received(data)
            if self._received and self.loop.time() > until:
                self._reading = self.loop.call_soon(self._read_on)
                break
        else:
            self._received.clear()
        self.transport.hold(self._reading is not None)
        self._watch_head()

    def eof_received(self) -> None:
        if self.transport.lingers:
            self.transport.finish()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_stall()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stall_timer is not None and not self.transport.is_closing():
            self._stall_timer.cancel()
            self._stall_timer = None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_end()
        elif self.conn.their_state is h11.SEND_BODY:
            self._watch_discard()
        self._watch_head()

    def shutdown(self) -> None:
        if self.transport.lingers:
            self.transport.finish()
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_end()

    def send_400_response(self, msg: str) -> None:
        """Instead of uvicorn's text; called for what `conn` refuses."""
        status, reason = self.conn.refusal or (HTTPStatus.BAD_REQUEST, NOT_HTTP)
        self._refuse(status, reason, linger=True)

    def _refuse(self, status: HTTPStatus, reason: str, *, linger: bool) -> None:
        logger.info("request refused", extra={"status": int(status), "reason": reason})
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True  # its response has no request any more
            cycle.message_event.set()
            if cycle.response_started:
                self.transport.abort()
                return
        self.transport.write(_problem(status, reason))
        end = self.transport.linger if linger else self.transport.finish
        end()
        self._watch_end()

    def _is_body_unread(self) -> bool:
        return self.conn.their_state in (h11.SEND_BODY, h11.ERROR)

    def _watch_head(self) -> None:
        """The time for a head runs from its first byte, however many come after it."""
        discards = self.transport.lingers or self.conn.their_state is h11.SEND_BODY
        if not discards and self._discard_timer is not None:
            self._discard_timer.cancel()
            self._discard_timer = None
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._open.work(self)
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None
            return
        self._open.wait(self)
        if self._head_timer is None and self.timeout_keep_alive_task is None:
            self._head_timer = self.loop.call_later(self._limits.head_s, self._head_is_late)

    def _head_is_late(self) -> None:
        self._head_timer = None
        reason = f"the headers did not arrive within {self._limits.head_s:g} s"
        sending = bool(self.conn.trailing_data[0])  # a reset could take the answer from it
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, reason, linger=sending)

    def _watch_discard(self) -> None:
        """A body that nobody wants must end, too."""
        self._discarded_bytes = 0
        self._discard_timer = self.loop.call_later(self._limits.linger_s, self.transport.abort)

    def _watch_end(self) -> None:
        """However the client behaves, a closing connection ends."""
        if self._discard_timer is not None:
            self._discard_timer.cancel()
        if self.transport.lingers:
            self._discard_timer = self.loop.call_later(self._limits.linger_s, self._end_lingering)
        else:
            self._watch_stall()

    def _end_lingering(self) -> None:
        self.transport.finish()
        self._watch_stall()

    def _watch_stall(self) -> None:
        if self._stall_timer is None:
            waiting = self.transport.get_write_buffer_size()
            self._stall_timer = self.loop.call_later(
                self._limits.stalled_s, self._check_stall, waiting
            )

    def _check_stall(self, waited: int) -> None:
        self._stall_timer = None
        waiting = self.transport.get_write_buffer_size()
        if waited - waiting < LEAST_READ_BYTES:
            logger.info("response not read", extra={"bytes": waiting})
            self.transport.abort()
        else:
            self._watch_stall()


def _problem(status: HTTPStatus, reason: str) -> bytes:
    body = Problem(title=status.phrase, status=status, detail=reason).model_dump_json().encode()
    head = (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _probes_only(app: ASGIApp) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(PROBES):
            await app(scope, receive, send)
        else:
            response = unavailable(BUSY)
            response.headers["Connection"] = "close"
            await response(scope, receive, send)

    return answer
