"""Spans of turns, recalls, searches and deliveries; exported where the environment says so."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind
from opentelemetry.util.types import AttributeValue

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"

_FLUSH_MS = 2_000
_TRACER = trace.get_tracer("longroom.agent")


_TURN: ContextVar[Context | None] = ContextVar("turn", default=None)


@contextmanager
def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Context | None = None,
    **attributes: AttributeValue,
) -> Iterator[Span]:
    """The current span of this task while it lasts. Attributes are ids and figures, never text."""
    with _TRACER.start_as_current_span(
        name,
        context=parent,
        kind=kind,
        attributes={f"longroom.{key}": value for key, value in attributes.items()},
        # An exception's text may quote what somebody said.
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        yield current


@contextmanager
def turn_span(*, conversation_id: str, question_id: str) -> Iterator[Span]:
    """A trace of its own: LiveKit's goes on as long as the session, which may be months.

    It names the session's span.
    """
    session = trace.get_current_span()
    with span(
        "turn", parent=Context(), conversation_id=conversation_id, question_id=question_id
    ) as current:
        link_to(current, session)
        token = _TURN.set(trace.set_span_in_context(current, Context()))
        try:
            yield current
        finally:
            _TURN.reset(token)


def current_turn() -> Context | None:
    """Inside what LiveKit does for a turn, whose own spans belong to its session's."""
    return _TURN.get()


def trace_headers() -> dict[str, str]:
    """What tells the backend which trace a request belongs to; empty without a trace."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


def link_to(current: Span, other: Span | None) -> None:
    """Name a span of another trace that this one made use of."""
    if other is not None and other.get_span_context().is_valid:
        current.add_link(other.get_span_context())


def start_exporting() -> None:
    """Send spans over OTLP/HTTP if the standard variables name an endpoint; else cost nothing.

    Once per process, after forking. LiveKit's own spans go along, without what was said.
    """
    if not os.environ.get(ENDPOINT):
        return
    from livekit.agents import telemetry
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", "longroom-agent")
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    telemetry.set_tracer_provider(provider, allow_pii=False)
    # After LiveKit's: it takes the texts out before this one sees the spans.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def flush() -> None:
    """Send what waits; blocks up to two seconds. LiveKit ends job processes without ceremony."""
    provider = trace.get_tracer_provider()
    if (force_flush := getattr(provider, "force_flush", None)) is not None:
        force_flush(_FLUSH_MS)
