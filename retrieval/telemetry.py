"""Exports spans over OTLP/HTTP where the standard OTEL_ variables name a collector."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from opentelemetry import trace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def start_exporting(
    service_name: str, *, before_export: "Callable[[TracerProvider], None] | None" = None
) -> None:
    """Set this process's tracer provider, once, after forking; does nothing without ENDPOINT.

    OTEL_SERVICE_NAME overrides `service_name`; `before_export` may add span processors.
    """
    if not os.environ.get(ENDPOINT):
        return
    # Imported here: a process that exports nothing does without the memory.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME", service_name)
    provider = TracerProvider(resource=Resource.create({"service.name": name}))
    if before_export is not None:
        before_export(provider)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
