"""Routes of pages: asked by our own pages alone, and their errors are pages, too."""

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend_stub.pages.rendering import render
from backend_stub.pages.sources import check_source


class SignInNeeded(HTTPException):
    def __init__(self, page: str) -> None:
        super().__init__(HTTPStatus.UNAUTHORIZED, "sign in first")
        self.page = page


class PageRoute(APIRoute):
    """Asked by a page of another origin, it is refused before a byte of the body is read."""

    async def admit(self, request: Request) -> None:
        """For a subclass that demands a session. Raises HTTPException; SignInNeeded leads there."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def page(request: Request) -> Response:
            try:
                check_source(request)
                await self.admit(request)
                return await handle(request)
            except SignInNeeded as needed:
                return _leading(request, needed.page)
            except _told(request) as error:
                return await _error_page(request, error)

        return page


def wants_page(request: Request) -> bool:
    """A person looks at it; else a script asks."""
    return "text/html" in request.headers.get("accept", "") and not is_fragment(request)


def is_fragment(request: Request) -> bool:
    """htmx asks, for a part of a page."""
    return request.headers.get("hx-request") == "true"


def _leading(request: Request, page: str) -> Response:
    if is_fragment(request):
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": page})
    if wants_page(request):
        return RedirectResponse(page, HTTPStatus.SEE_OTHER)
    return Response(status_code=HTTPStatus.UNAUTHORIZED)


def _told(request: Request) -> tuple[type[Exception], ...]:
    """The errors that the API tells, too."""
    handlers = request.app.exception_handlers
    return tuple(kind for kind in handlers if isinstance(kind, type) and kind is not Exception)


async def _error_page(request: Request, error: Exception) -> Response:
    handlers = request.app.exception_handlers
    tell = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)
    problem: Response = await tell(request, error)
    if not (wants_page(request) or is_fragment(request)):
        return problem
    told = json.loads(bytes(problem.body))
    if problem.status_code == HTTPStatus.NOT_FOUND and isinstance(error, HTTPException):
        told["detail"] = "There is no such page."  # and not what the API says of its paths
    headers = {
        name: problem.headers[name]
        for name in ("retry-after", "allow", "connection")
        if name in problem.headers
    }
    template = "pages/error_fragment.html" if is_fragment(request) else "pages/error.html"
    return render(
        request,
        template,
        status=problem.status_code,
        headers=headers,
        title=told["title"],
        detail=told["detail"],
    )
