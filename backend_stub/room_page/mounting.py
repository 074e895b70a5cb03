"""The room page's routes and templates, for the application."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI

from backend_stub.access.rates import Rate
from backend_stub.room_page import history, joining, page
from backend_stub.room_page.routing import ASKED_S

TEMPLATES: Final = Path(__file__).with_name("templates")


def mount(app: FastAPI) -> None:
    app.state.room_requests = Rate(ASKED_S)
    for router in (page.router, joining.outside, joining.inside, history.router):
        app.include_router(router)
