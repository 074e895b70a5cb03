"""Rooms: creation, and agents that report that they joined."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Body, Path, Response

from backend_stub.access.permissions import demand, needs
from backend_stub.http.openapi import problem_responses
from backend_stub.http.routing import CurrentCaller, guarded_router
from backend_stub.livekit.opening import open_stored_room
from backend_stub.resources import AppResources
from retrieval.errors import RoomMoved
from retrieval.store import conversations
from retrieval.wire import AgentJoined, Conversation, ConversationId, CreateRoom, Name, Room

router = guarded_router("rooms")


@router.post(
    "/rooms",
    summary="Create a room, or get the one of that name",
    response_description="The room existed",
    responses=problem_responses(400, 413, 415)
    | {201: {"model": Room, "description": "The room is new"}},
    openapi_extra=needs("rooms"),
)
async def create_room(
    request: Annotated[
        CreateRoom,
        Body(
            openapi_examples={
                "room": {"value": {"name": "test-room"}},
                "room and join token": {"value": {"name": "test-room", "identity": "ada"}},
                "German room": {"value": {"name": "hilfe", "language": "de"}},
                "room of a customer": {
                    "value": {"name": "call-8f2e", "conversation": "customer-4711"}
                },
            }
        ),
    ],
    resources: AppResources,
    caller: CurrentCaller,
    response: Response,
) -> Room:
    """Repeating the request changes nothing and is how a failed dispatch is tried again.

    With `conversation` the room has the conversation of that key from now on, which other rooms may
    share; an agent that still serves another one in the room is replaced. Without it the room keeps
    the conversation that it has, and a new room gets one of its own.

    With a LiveKit server configured, the room is opened there too, its metadata names the
    conversation, and an agent is dispatched. If that server does not answer, the room is created
    all the same and `dispatched` is false. With `identity`, the answer has a token to join with,
    whose use dispatches the agent as well when it is what opens the room on the LiveKit server; a
    key of the scope backfill gets none.
    """
    if request.identity is not None:
        demand("run", caller.permissions)
    db = resources.pools.writes.of_names(room=request.name, key=request.conversation)
    conversation_id, created = await conversations.create_room(
        db,
        name=request.name,
        key=request.conversation,
        language=request.language or resources.room_language,
    )
    response.status_code = HTTPStatus.CREATED if created else HTTPStatus.OK
    room = Room(name=request.name, conversation_id=conversation_id, created=created)
    if resources.livekit is None:
        return room
    opened = await open_stored_room(
        resources.livekit,
        db.of(conversation_id),
        request.name,
        conversation_id=conversation_id,
        background=resources.pools.background,
    )
    token = request.identity and resources.livekit.join_token(
        request.name,
        identity=request.identity,
        conversation_id=conversation_id,
        key=opened.key,
    )
    return room.model_copy(
        update={
            "livekit_url": resources.livekit.url,
            "dispatched": opened.dispatched,
            "token": token,
        }
    )


@router.post(
    "/rooms/{room:path}/agent-joined",
    summary="Report an agent in a room, and learn what it must know to go on",
    responses=problem_responses(400, 409, 413, 415),
    openapi_extra=needs("run"),
)
async def agent_joined(
    room: Annotated[Name, Path(description="the room's name, URL-encoded")],
    request: Annotated[
        AgentJoined,
        Body(
            openapi_examples={
                "agent": {"value": {"identity": "agent-7f3a", "session_id": "AJ_x1", "window": 12}},
                "agent of a customer's room": {
                    "value": {
                        "identity": "agent-7f3a",
                        "session_id": "AJ_x1",
                        "conversation": "customer-4711",
                    }
                },
            }
        ),
    ],
    resources: AppResources,
) -> Conversation:
    """Creates the room if it does not exist. The window holds the newest messages, oldest first.

    With `conversation` the room has the conversation of that key from now on; the answer has the
    `key` of a conversation that belongs to one, whether or not it was given.

    `epoch` rises with each agent that joins. What the agent appends carries it, and is refused when
    another agent has joined since. The same identity and session keep their epoch. Each room of a
    key's conversation has epochs of its own.

    An agent that was `asked_for` a conversation which the room had before is refused with 409 of
    the type `urn:longroom:room-moved`, in the LiveKit room of `livekit_sid`.
    """
    db = resources.pools.writes.of_names(room=room, key=request.conversation)
    try:
        return await conversations.join_conversation(
            db,
            room=room,
            key=request.conversation,
            window=request.window,
            identity=request.identity,
            session_id=request.session_id,
            language=request.language or resources.room_language,
            asked_for=_asked_for(request),
        )
    except RoomMoved:
        # Who gave the room its conversation may have taken this agent for one of that.
        conversation_id = await conversations.conversation_of(db, room=room)
        if resources.livekit is not None and conversation_id is not None:
            await open_stored_room(
                resources.livekit,
                db.of(conversation_id),
                room,
                conversation_id=conversation_id,
                background=resources.pools.background,
            )
        raise


def _asked_for(request: AgentJoined) -> conversations.AskedFor | None:
    if request.asked_for is None or request.livekit_sid is None:
        return None
    return conversations.AskedFor(ConversationId(request.asked_for), request.livekit_sid)
