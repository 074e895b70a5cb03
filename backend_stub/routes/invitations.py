"""Invitations to a room's page."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import Body, Path
from fastapi import Request as HttpRequest
from starlette.exceptions import HTTPException

from backend_stub.access.callers import Callers
from backend_stub.access.permissions import demand, needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import CurrentCaller, guarded_router
from backend_stub.resources import AppResources
from retrieval.store import conversations
from retrieval.store.pages import invitations
from retrieval.store.pages.sessions import new_secret
from retrieval.wire import CreateInvitation, Invitation, Invitations, Name, NewInvitation

router = guarded_router("invitations")

RoomInPath = Annotated[Name, Path(description="the room's name, URL-encoded")]

_EXAMPLES = {
    "anybody with the link, for a week": {"value": {}},
    "ada, for an hour": {"value": {"identity": "ada", "expires_in_s": 3600}},
}


@router.post(
    "/rooms/{room:path}/invitations",
    summary="Make a link that lets people into the room's page",
    status_code=HTTPStatus.CREATED,
    responses=problem_responses(400, 413, 415),
    openapi_extra=needs("run"),
)
async def invite(
    room: RoomInPath,
    wanted: Annotated[CreateInvitation, Body(openapi_examples=_EXAMPLES)],
    resources: AppResources,
    caller: CurrentCaller,
    request: HttpRequest,
) -> NewInvitation:
    """Creates the room if it does not exist. Whoever has the link reads the room's conversation,
    types and speaks there, under the invitation's identity, or a name that they choose.

    It ends with its time, with the key that made it, and with DELETE; the last two also end the
    sessions of who came by it. Neither lets into another conversation that the room gets. An open
    backend's page lets people in without one.
    """
    demand("rooms", caller.permissions)
    conversation_id, _ = await conversations.create_room(
        resources.pools.writes.of_names(room=room), name=room, language=resources.room_language
    )
    secret = new_secret()
    callers: Callers = request.app.state.callers
    stored = await invitations.invite(
        resources.pools.background,
        secret,
        room=room,
        identity=wanted.identity,
        key_id=caller.key_id,
        key_mark=callers.key_mark(caller.key_id, secret),
        conversation_id=conversation_id,
        lasts=timedelta(seconds=wanted.expires_in_s),
    )
    page = str(request.base_url.replace(path=f"/room/{quote(room, safe='')}"))
    guest = f"&for={quote(wanted.identity, safe='')}" if wanted.identity is not None else ""
    return NewInvitation(**_shown(stored).model_dump(), link=f"{page}#invitation={secret}{guest}")


@router.get(
    "/rooms/{room:path}/invitations",
    summary="The room's invitations that are valid, without their links",
    openapi_extra=needs("run"),
)
async def list_invitations(
    room: RoomInPath, resources: AppResources, caller: CurrentCaller
) -> Invitations:
    """Newest first. Who has come by one is not listed."""
    demand("rooms", caller.permissions)
    conversation_id = await conversations.conversation_of(
        resources.pools.others.of_names(room=room), room=room
    )
    found = await invitations.of_room(
        resources.pools.background, room, conversation_id=conversation_id
    )
    return Invitations(invitations=[_shown(one) for one in found])


@router.delete(
    "/rooms/{room:path}/invitations/{invitation_id}",
    summary="Let nobody else in by this invitation, and end the sessions of who came by it",
    status_code=HTTPStatus.NO_CONTENT,
    openapi_extra=needs("run"),
)
async def revoke_invitation(
    room: RoomInPath, invitation_id: str, resources: AppResources, caller: CurrentCaller
) -> None:
    """Who is in the room stays until the LiveKit connection ends: remove them on that server."""
    demand("rooms", caller.permissions)
    if not await invitations.revoke(resources.pools.background, invitation_id, room=room):
        raise HTTPException(HTTPStatus.NOT_FOUND)


def _shown(stored: invitations.StoredInvitation) -> Invitation:
    return Invitation(
        invitation_id=stored.invitation_id,
        room=stored.room,
        identity=stored.identity,
        created_at=stored.created_at,
        expires_at=stored.expires_at,
    )
