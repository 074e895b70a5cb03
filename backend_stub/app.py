"""Puts the application together: middleware, routes, and a lifespan that owns the resources."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.middleware import Middleware

from backend_stub.access.browsers import pages_of
from backend_stub.access.caller_limits import CallerLimits, StreamCount
from backend_stub.access.callers import Callers
from backend_stub.access.credentials import Credentials, check_bind, check_development_keys
from backend_stub.access.exposure import exposed
from backend_stub.access.tokens import TokenSigner
from backend_stub.http.departures import Departures
from backend_stub.http.limits import BatchLimit, BodyLimit, RequestTimeout
from backend_stub.http.metrics import Metrics
from backend_stub.http.openapi import describe_problems
from backend_stub.http.problems import install_problems
from backend_stub.http.request_log import RequestLog
from backend_stub.http.tracing import Tracing
from backend_stub.inspector import mounting as inspector
from backend_stub.pages import static_files
from backend_stub.pages.policy import PageHeaders
from backend_stub.pages.rendering import open_pages
from backend_stub.resources import DatabaseSource, configured_database, open_resources
from backend_stub.room_page import mounting as room_page
from backend_stub.routes import (
    changes,
    conversations,
    erasures,
    events,
    exports,
    health,
    invitations,
    messages,
    overview,
    reference,
    rooms,
    search,
    sessions,
    status,
    timeline,
    tokens,
    turns,
    workers,
)
from backend_stub.settings import BackendSettings

API = "/api/v1"

DESCRIPTION = """
The single source of truth of long-running rooms: it stores every message of a conversation and
finds those that answer a question. Every error is `application/problem+json` (RFC 9457); validation
errors name the field, the rule and the remedy, and never repeat what was sent. Writes are
idempotent: when in doubt, send again.
"""


def create_app(settings: BackendSettings, *, database: DatabaseSource | None = None) -> FastAPI:
    """`database` yields the URL and keeps it up for the lifespan; default DATABASE_URL.
    Raises OpenBindRefused; the lifespan raises DatabaseUnfit or EmbeddingError.
    """
    check_bind(
        settings.host,
        service_key=settings.service_key,
        open_allowed=settings.open,
        keys_required=settings.keys_required,
    )
    check_development_keys(
        settings.host,
        livekit_secret=settings.livekit.secret(),
        open_allowed=settings.open,
    )
    metrics = Metrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            open_resources(
                settings, metrics, database=database or partial(configured_database, settings)
            ) as app.state.resources,
            _pages_at_work(app, settings),
        ):
            yield

    app = FastAPI(
        title="Longroom backend",
        summary="Rooms that remember",
        description=DESCRIPTION,
        version="1.0",
        lifespan=lifespan,
        openapi_url=None,  # its route asks for no key; ours is in routes.reference
        docs_url=None,  # FastAPI's page loads scripts from a third party's server
        redoc_url=None,
        # FastAPI's spans hold paths, which name rooms; Tracing makes ours.
        telemetry={"tracing": False},
        middleware=[
            Middleware(Tracing),
            Middleware(RequestLog, metrics=metrics),
            *pages_of(settings.cors_origins),
            *([Middleware(PageHeaders)] if settings.pages else []),
            Middleware(StreamCount),
            Middleware(Departures),
            Middleware(RequestTimeout, timeout_s=settings.request_timeout_s),
            Middleware(BodyLimit, limit_bytes=settings.body_limit_bytes),
        ],
    )
    app.state.ending = asyncio.Event()
    app.state.token_signer = TokenSigner(settings.token_secret, settings.token_secret_previous)
    app.state.callers = Callers(
        Credentials(
            settings.service_key, local_only=not settings.open, required=settings.keys_required
        ),
        app.state.token_signer,
    )
    app.state.exposed = {
        "metrics": exposed(settings.metrics, settings),
        "docs": exposed(settings.docs, settings),
    }
    app.state.limits = CallerLimits(settings.rates)
    app.state.batch_limit = BatchLimit(settings.batch_words)
    install_problems(app)
    describe_problems(app)
    # Looked through in this order, for each request.
    app.include_router(search.router, prefix=API)
    app.include_router(messages.router, prefix=API)
    # Probes and scrapers look at the root.
    app.include_router(health.router, include_in_schema=False)
    for part in (
        rooms,
        invitations,
        conversations,
        changes,
        erasures,
        events,
        sessions,
        exports,
        tokens,
        overview,
        timeline,
        turns,
        status,
        workers,
    ):
        app.include_router(part.router, prefix=API)
    app.include_router(health.router, prefix=API)
    app.include_router(reference.router, prefix=API)
    if settings.pages:
        _serve_pages(app)
    return app


@asynccontextmanager
async def _pages_at_work(app: FastAPI, settings: BackendSettings) -> AsyncIterator[None]:
    if not settings.pages:
        yield
        return
    async with inspector.at_work(app, app.state.resources):
        yield


def _serve_pages(app: FastAPI) -> None:
    app.state.pages = open_pages({"inspector": inspector.TEMPLATES, "room": room_page.TEMPLATES})
    app.include_router(static_files.router)
    inspector.mount(app)
    room_page.mount(app)
