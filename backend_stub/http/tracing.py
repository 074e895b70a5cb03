"""Spans of requests, joined to the caller's trace."""

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend_stub.http.metrics import known_method

# Requested about every second: their spans would bury the others.
_UNTRACED = ("/api/v1/workers/", "/healthz", "/readyz", "/metrics", "/api/v1/healthz")

_TRACER = trace.get_tracer("longroom.backend")

_W3C = TraceContextTextMapPropagator()


class Tracing:
    """One span per request, named by its route: a path may hold a participant's or room's name."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_UNTRACED) or not _is_exported():
            await self._app(scope, receive, send)
            return
        method = known_method(scope["method"])
        with _TRACER.start_as_current_span(
            method,
            context=_callers_trace(scope),
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


def _is_exported() -> bool:
    """Else no span leaves this process, and none hands its ids on: it would be made in vain."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _callers_trace(scope: Scope) -> Context:
    """Ids alone: a `tracestate` or baggage of his would go on into every span."""
    return _W3C.extract({"traceparent": Headers(scope=scope).get("traceparent", "")})
