"""Spans of requests, joined to the caller's trace."""

from opentelemetry import propagate, trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Requested about every second: their spans would bury the others.
_UNTRACED = ("/api/v1/workers/", "/healthz", "/readyz", "/metrics", "/api/v1/healthz")

_TRACER = trace.get_tracer("longroom.backend")


class Tracing:
    """One span per request, named by its route: a path may hold a participant's or room's name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_UNTRACED):
            await self._app(scope, receive, send)
            return
        method = scope["method"][:16]
        with _TRACER.start_as_current_span(
            method,
            context=propagate.extract(Headers(scope=scope)),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method},
            # An exception's text may quote a message.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:

            async def sending(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                await send(message)

            try:
                await self._app(scope, receive, sending)
            finally:
                if route := getattr(scope.get("route"), "path_format", None):
                    span.update_name(f"{method} {route}")
                    span.set_attribute("http.route", route)
