"""The inspector's routes and templates, for the application."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI

from backend_stub.inspector import rooms, signing

TEMPLATES: Final = Path(__file__).with_name("templates")


def mount(app: FastAPI) -> None:
    app.state.sign_in_failures = signing.new_failures()
    for router in (signing.outside, signing.inside, rooms.router):
        app.include_router(router)
