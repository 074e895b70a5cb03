"""Routes of a room's page, for who has joined the room: by invitation, or on an open backend."""

from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import APIRouter, Depends
from pydantic import TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Match
from starlette.types import Scope

from backend_stub.access.caller_limits import address_of, check_wait
from backend_stub.access.rates import Rate
from backend_stub.pages import cookies
from backend_stub.pages.key_holders import holder
from backend_stub.pages.routing import PageRoute
from backend_stub.pages.sources import check_csrf
from backend_stub.resources import Resources
from retrieval.store import conversations
from retrieval.wire import ConversationId, Name

HOME: Final = "/room"
ASKED_S: Final = 5.0
"""Requests of one session, or of one address without one, in a second; fifty at once."""

_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)


class RoomRoute(PageRoute):
    """A name is one part of the path as it was sent: it may have slashes, written as %2F."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        raw: bytes = scope.get("raw_path") or b""
        sent = raw.partition(b"?")[0].decode("ascii", "replace")
        match, found = super().matches({**scope, "path": sent, "root_path": ""})
        if match is not Match.NONE:
            parts = found["path_params"]
            found["path_params"] = {name: unquote(part) for name, part in parts.items()}
        return match, found


class InsideRoute(RoomRoute):
    async def admit(self, request: Request) -> None:
        session = await current_session(request, request.path_params["name"])
        if session is None:
            raise HTTPException(401, "you are not in this room any more; join it again")
        check_csrf(request, session.csrf)
        admit_once_more(request, session.stored.identity or "")
        request.state.session = session


def outside_router() -> APIRouter:
    return APIRouter(route_class=RoomRoute, prefix=HOME, include_in_schema=False)


def inside_router() -> APIRouter:
    """401 without a session in the room that the path names."""
    return APIRouter(route_class=InsideRoute, prefix=HOME, include_in_schema=False)


async def current_session(request: Request, room: str) -> cookies.OpenSession | None:
    """In this room, by a door that is still open. Raises HTTPException 403, or one of
    DATABASE_AWAY.
    """
    session = await cookies.current(request, "room")
    if session is None or session.stored.room != room:
        return None
    if request.app.state.callers.are_open:
        request.app.state.callers.without_key(request.headers)
        return session
    stored = session.stored
    if not await still_has(request, room, stored.conversation_id):
        return None
    found = await holder(request, stored.key_id, stored.key_mark, secret=session.secret)
    return None if found is None else session


async def still_has(request: Request, room: str, conversation_id: ConversationId | None) -> bool:
    """Whether a room has the conversation that people were invited to: another one is somebody
    else's. Raises an error of DATABASE_AWAY.
    """
    if conversation_id is None:
        return True
    resources: Resources = request.app.state.resources
    db = resources.pools.others.of_names(room=room)
    return await conversations.conversation_of(db, room=room) == conversation_id


def admit_once_more(request: Request, who: str) -> None:
    """Raises HTTPException 429."""
    rate: Rate = request.app.state.room_requests
    asker = who, address_of(request)
    check_wait(rate, asker, what="requests")
    rate.use(asker)


async def _room(name: str) -> str:
    try:
        return _NAME.validate_python(name)
    except ValidationError:
        raise HTTPException(404, "no room can have this name") from None


async def _session(request: Request) -> cookies.OpenSession:
    session: cookies.OpenSession = request.state.session
    return session


RoomName = Annotated[str, Depends(_room)]
Joined = Annotated[cookies.OpenSession, Depends(_session)]
