"""Pages of other origins that may call from a browser (CORS)."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware


def pages_of(origins: Sequence[str]) -> list[Middleware]:
    """None without origins: browsers then keep the answers from every other page."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "X-Request-ID", "traceparent"],
            # No cookies: who calls is in a header that a page must know itself.
            allow_credentials=False,
            expose_headers=["X-Request-ID", "Retry-After"],
        )
    ]
