"""What routes depend on is worked out on the event loop: FastAPI hands plain functions to threads,
which costs each request more than the functions do."""

import importlib
import pkgutil
from collections.abc import Iterator
from inspect import iscoroutinefunction

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from backend_stub import inspector, room_page, routes


def test_no_route_waits_for_a_thread() -> None:
    found = [*_routes()]

    in_threads = {
        (route.path, getattr(call, "__name__", str(call)))
        for route in found
        for call in _calls(route.dependant)
        if not iscoroutinefunction(call) and not iscoroutinefunction(type(call).__call__)
    }

    paths = {route.path for route in found}
    assert paths >= {"/conversations/{conversation_id}/search", "/inspect"}
    assert in_threads == set()


def _routes() -> Iterator[APIRoute]:
    for package in (routes, inspector, room_page):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(found.name)
            for router in vars(module).values():
                if isinstance(router, APIRouter):
                    yield from (one for one in router.routes if isinstance(one, APIRoute))


def _calls(dependant: Dependant) -> Iterator[object]:
    if dependant.call is not None:
        yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)
