"""Joining a room under a name, which the browser keeps, and the tokens for LiveKit's server."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Body
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from backend_stub.access.callers import OPEN
from backend_stub.livekit.opening import open_stored_room
from backend_stub.pages import cookies
from backend_stub.pages.key_holders import holder
from backend_stub.pages.sources import csrf_token
from backend_stub.resources import AppResources
from backend_stub.room_page.routing import (
    Joined,
    RoomName,
    admit_once_more,
    inside_router,
    outside_router,
    still_has,
)
from retrieval.store import conversations
from retrieval.store.pages import invitations, sessions
from retrieval.store.pages.invitations import StoredInvitation
from retrieval.wire import Name
from retrieval.wire import Request as WireRequest

LASTS: Final = timedelta(days=30)
SHOWS: Final = {"longroom.shows": "recall"}
"""A participant with it gets the agent's notices of what it recalls."""
OF_AGENTS: Final = "agent-"
"""How identities of agents begin."""
MAX_NAME_CHARS: Final = 80

outside = outside_router()
inside = inside_router()


class Join(WireRequest):
    name: Annotated[Name, Field(max_length=MAX_NAME_CHARS)]
    invitation: Annotated[str, Field(max_length=200)] = ""


@outside.post("/{name}/session")
async def join(
    request: Request, name: RoomName, wanted: Annotated[Join, Body()], resources: AppResources
) -> Response:
    admit_once_more(request, "")
    invitation = await _invitation(request, name, wanted.invitation, resources)
    identity = wanted.name.strip()
    if invitation is not None and invitation.identity is not None:
        identity = invitation.identity
    await _check_free(request, name, identity, resources)
    secret = sessions.new_secret()
    response = JSONResponse({"identity": identity, "csrf": csrf_token(secret)}, HTTPStatus.CREATED)
    key_id = invitation.key_id if invitation else OPEN
    await cookies.begin(
        request,
        response,
        secret,
        kind="room",
        lasts=LASTS,
        key_id=key_id,
        key_mark=request.app.state.callers.key_mark(key_id, secret),
        room=name,
        identity=identity,
        invitation_id=invitation.invitation_id if invitation else None,
        conversation_id=invitation.conversation_id if invitation else None,
    )
    return response


@inside.get("/{name}/session")
async def session(joined: Joined) -> Response:
    return JSONResponse({"identity": joined.stored.identity, "csrf": joined.csrf})


@inside.delete("/{name}/session")
async def leave(request: Request, name: RoomName) -> Response:
    """The browser forgets who it was here."""
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    await cookies.end(request, response, "room", room=name)
    return response


@inside.post("/{name}/token")
async def token(name: RoomName, joined: Joined, resources: AppResources) -> Response:
    """Opens the room, and dispatches an agent, as often as it is asked."""
    livekit = resources.livekit
    if livekit is None:
        raise HTTPException(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "this backend knows no LiveKit server, without which there are no rooms to join:"
            " set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
        )
    identity = joined.stored.identity or ""
    db = resources.pools.writes.of_names(room=name)
    conversation_id, _ = await conversations.create_room(
        db, name=name, language=resources.room_language
    )
    opened = await open_stored_room(
        livekit,
        db.of(conversation_id),
        name,
        conversation_id=conversation_id,
        background=resources.pools.background,
    )
    made = livekit.join_token(
        name,
        identity=identity,
        conversation_id=conversation_id,
        key=opened.key,
        attributes=SHOWS,
    )
    return JSONResponse({"url": livekit.url, "token": made, "dispatched": opened.dispatched})


async def _invitation(
    request: Request, room: str, secret: str, resources: AppResources
) -> StoredInvitation | None:
    """None on an open backend. Raises HTTPException 403."""
    if request.app.state.callers.are_open:
        request.app.state.callers.without_key(request.headers)
        return None
    found = await invitations.find(resources.pools.background, secret, room=room)
    if (
        found is None
        or not await still_has(request, room, found.conversation_id)
        or await holder(request, found.key_id, found.key_mark, secret=secret) is None
    ):
        raise HTTPException(
            HTTPStatus.FORBIDDEN,
            "this room is joined by an invitation that is valid; ask for a new link",
        )
    return found


async def _check_free(request: Request, room: str, identity: str, resources: AppResources) -> None:
    """Raises HTTPException 409. Who has the name already in this room would be sent out of it."""
    if identity.lower().startswith(OF_AGENTS):
        raise HTTPException(HTTPStatus.CONFLICT, "names of agents begin like this; choose another")
    before = await cookies.current(request, "room")
    if before is not None and (before.stored.room, before.stored.identity) == (room, identity):
        return
    if resources.livekit is not None and await resources.livekit.has_participant(room, identity):
        raise HTTPException(
            HTTPStatus.CONFLICT, "somebody of this name is in the room; choose another name"
        )
