"""Spans of turns, recalls, searches and deliveries."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, cast

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind
from opentelemetry.util.types import AttributeValue

from retrieval import telemetry
from retrieval.private_logs import told

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

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
    """Becomes the task's current span. Of attributes, what callers chose is a digest."""
    with _TRACER.start_as_current_span(
        name,
        context=parent,
        kind=kind,
        attributes={f"longroom.{key}": _told(key, value) for key, value in attributes.items()},
        # An exception's text may quote a message.
        record_exception=False,
        set_status_on_exception=False,
    ) as current:
        yield current


def _told(name: str, value: AttributeValue) -> AttributeValue:
    return cast("AttributeValue", told(name, value))


@contextmanager
def turn_span(*, conversation_id: str, question_id: str) -> Iterator[Span]:
    """A new trace, linked to the session's span: the session's trace may last for months."""
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
    """The parent for spans within a turn, where LiveKit's current span is the session's."""
    return _TURN.get()


def trace_headers() -> dict[str, str]:
    """HTTP headers that join the backend's spans to this trace; empty without one."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


def link_to(current: Span, other: Span | None) -> None:
    """Link a span of another trace whose result this one uses."""
    if other is not None and other.get_span_context().is_valid:
        current.add_link(other.get_span_context())


def start_exporting() -> None:
    """Export our spans and LiveKit's; call once per process, after forking."""
    telemetry.start_exporting("longroom-agent", before_export=_export_livekit)


def _export_livekit(provider: "TracerProvider") -> None:
    from livekit.agents import telemetry as livekit_telemetry

    # Before the exporter is added: this takes the texts out of LiveKit's spans.
    livekit_telemetry.set_tracer_provider(provider, allow_pii=False)


def flush() -> None:
    """Blocks up to 2 s. LiveKit kills job processes without warning."""
    provider = trace.get_tracer_provider()
    if (force_flush := getattr(provider, "force_flush", None)) is not None:
        force_flush(_FLUSH_MS)
