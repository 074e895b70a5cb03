"""The inspector's routes and templates, for the application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from backend_stub.inspector import events, figures, importing, rooms, signing, unknown
from backend_stub.inspector.conversation import (
    erasing,
    evidence,
    exporting,
    records,
    search,
    timeline,
    turns,
)
from backend_stub.inspector.live import looking
from backend_stub.resources import Resources

TEMPLATES: Final = Path(__file__).with_name("templates")


def mount(app: FastAPI) -> None:
    app.state.sign_in_failures = signing.new_failures()
    routers = (
        signing.outside,
        signing.inside,
        *(part.router for part in (rooms, figures, events, importing)),
        *(part.router for part in (timeline, turns, search, records, evidence, exporting, erasing)),
    )
    for router in (*routers, unknown.router):  # the last takes every path that is left
        app.include_router(router)


@asynccontextmanager
async def at_work(app: FastAPI, resources: Resources) -> AsyncIterator[None]:
    """What the pages need beside the requests."""
    async with looking(
        resources.pools.background,
        ending=app.state.ending,
        on_restart=resources.metrics.restarted,
    ) as app.state.live:
        yield
