"""Paths below /inspect that lead nowhere: a page says so, to who is signed in."""

from http import HTTPStatus

from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from backend_stub.inspector.routing import HOME, inspector_router

router = inspector_router()


@router.get("/{path:path}")
async def unknown(path: str) -> RedirectResponse:
    if path == "":
        return RedirectResponse(HOME)
    raise HTTPException(HTTPStatus.NOT_FOUND)
