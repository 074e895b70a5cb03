"""The page itself: a frame, and where its script finds the rest."""

from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from backend_stub.pages.policy import page_headers
from backend_stub.pages.rendering import render
from backend_stub.resources import AppResources
from backend_stub.room_page.routing import HOME, RoomName, current_session, outside_router

router = outside_router()


@router.get("/{name}")
async def page(request: Request, name: RoomName, resources: AppResources) -> Response:
    if (address := address_of(name)) != request.scope["raw_path"].decode().partition("?")[0]:
        # Cookies belong to one way of writing it.
        return RedirectResponse(address)
    # Behind a link of another site the browser held the cookie back: the script asks again.
    linked = request.headers.get("sec-fetch-site") == "cross-site"
    session = None if linked else await current_session(request, name)
    livekit = resources.livekit
    url = livekit.url if livekit is not None else None
    return render(
        request,
        "room/room.html",
        headers=page_headers(connect=origins_of(url), microphone=True),
        room=name,
        address=address,
        identity=session.stored.identity if session else "",
        csrf=session.csrf if session else "",
        has_livekit=url is not None,
        linked=linked,
        invitation_needed=not request.app.state.callers.are_open,
    )


def address_of(room: str) -> str:
    return f"{HOME}/{quote(room, safe='')}"


def origins_of(livekit_url: str | None) -> list[str]:
    """For the socket, and for the requests by which a refused connection is explained."""
    if livekit_url is None:
        return []
    url = urlsplit(livekit_url)
    secure = "s" if url.scheme in ("wss", "https") else ""
    return [f"ws{secure}://{url.netloc}", f"http{secure}://{url.netloc}"]
