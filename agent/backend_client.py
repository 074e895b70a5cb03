"""The agent's client of the backend: `longroom.client`, with a span around each request."""

import httpx
from opentelemetry.trace import SpanKind

from agent.settings import AgentSettings
from agent.tracing import span, trace_headers
from longroom.client import LongroomClient


class BackendClient(LongroomClient):
    """Joins the backend's spans to the trace of the turn."""

    async def send(self, request: httpx.Request) -> httpx.Response:
        with span(f"backend {_verb(request.url)}", kind=SpanKind.CLIENT) as current:
            request.headers.update(trace_headers())
            response = await super().send(request)
            current.set_attribute("http.response.status_code", response.status_code)
        return response


def open_client(settings: AgentSettings) -> BackendClient:
    """Connects with the first call."""
    key = settings.backend_service_key
    return BackendClient(
        str(settings.backend_url),
        key=key.get_secret_value() if key else None,
        timeout_s=settings.backend_timeout_s,
    )


def _verb(url: httpx.URL) -> str:
    """The path's verb without ids and names, for a span's name."""
    path = url.raw_path.decode().partition("?")[0].partition("/api/v1/")[2]
    kind, *rest = path.split("/")
    return rest[1] if kind in {"conversations", "rooms"} and len(rest) > 1 else kind
