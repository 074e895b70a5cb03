"""The inspector's first page: the rooms, and how their turns were."""

from starlette.requests import Request
from starlette.responses import Response

from backend_stub.inspector.routing import inspector_router
from backend_stub.pages.rendering import render
from backend_stub.resources import AppResources
from retrieval.store.pages.rooms import listed

ROOMS_AT_ONCE = 50

router = inspector_router()


@router.get("")
async def rooms(request: Request, resources: AppResources) -> Response:
    found = await listed(resources.pools.background, limit=ROOMS_AT_ONCE)
    return render(request, "inspector/rooms.html", rooms=found)
