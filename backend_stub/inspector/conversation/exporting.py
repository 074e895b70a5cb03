"""A conversation as a file, that of the API's export."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from backend_stub.access.permissions import needs
from backend_stub.inspector.conversation.shown import Shown
from backend_stub.inspector.routing import SignedIn, inspector_router
from backend_stub.resources import AppResources
from backend_stub.routes.exports import ExportQuery, export_one

router = inspector_router()


@router.get("/conversations/{conversation_id}/export", openapi_extra=needs("read"))
async def export(
    request: Request,
    shown: Shown,
    caller: SignedIn,
    resources: AppResources,
    query: Annotated[ExportQuery, Query()],
) -> Response:
    response = await export_one(shown.conversation_id, query, caller, resources, request)
    # The name as it is, for browsers: others see the id.
    name = quote(f"{shown.name}.jsonl", safe="")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{shown.conversation_id}.jsonl\"; filename*=UTF-8''{name}"
    )
    return response
